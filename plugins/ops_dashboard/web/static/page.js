// What the pages do beyond HTML. Each part finds its own elements; without any of them, the pages still work.
import { startChoices } from "./choices.js";
import { startFilters } from "./filters.js";
import { startForms } from "./forms.js";
import { startLive } from "./live.js";
import { startOuterLinks } from "./outer.js";
import { startTabs } from "./tabs.js";
import { startTimes } from "./times.js";

startChoices();
startFilters();
startForms();
startLive();
startOuterLinks();
startTabs();
startTimes();
