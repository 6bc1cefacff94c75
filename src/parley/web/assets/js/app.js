// Everything a page can do beyond links and forms, one behaviour per file.
import "./morph.js";
import "./toast.js";
import "./failures.js";
import "./submit-once.js";
import "./draft.js";
import "./live.js";
import "./typing.js";
import "./time-ago.js";
import "./autosize.js";
import "./tabs.js";
import "./composer.js";
import "./mail-body.js";
import "./keyboard.js";
import "./menu.js";
import "./disclosure.js";
import "./focus.js";
