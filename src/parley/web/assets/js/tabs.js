// [data-tabs]: one of several panels is shown; arrows move between the tabs (ARIA APG, tabs).

document.addEventListener("click", ({ target }) => {
  const tab = target.closest?.('[data-tabs] [role="tab"]');
  if (tab) choose(tab);
});
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.('[data-tabs] [role="tab"]');
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')];
  const turn = getComputedStyle(tab).direction === "rtl" ? -step : step;
  const next = tabs[(tabs.indexOf(tab) + turn + tabs.length) % tabs.length];
  choose(next);
  next.focus();
  event.preventDefault();
});

function choose(chosen) {
  for (const tab of chosen.closest('[role="tablist"]').querySelectorAll('[role="tab"]')) {
    const is = tab === chosen;
    tab.ariaSelected = String(is);
    tab.tabIndex = is ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !is;
  }
}
