#!/usr/bin/env bash
# Prints where Chromium is, for the browser flows; installs it where that is possible without asking.
set -euo pipefail

found() {
    if [[ -n "${PARLEY_CHROMIUM:-}" ]]; then
        echo "$PARLEY_CHROMIUM"
    else
        command -v chromium || command -v chromium-browser || command -v google-chrome
    fi
}

if ! browser="$(found)"; then
    if [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2
    fi
    browser="$(found)" || {
        echo "The browser flows need Chromium: install it, or say where it is by PARLEY_CHROMIUM." >&2
        exit 1
    }
fi
if [[ ! -x "$browser" ]]; then
    echo "PARLEY_CHROMIUM is $browser, which cannot be run." >&2
    exit 1
fi
echo "$browser"
