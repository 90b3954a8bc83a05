// Everything works without this script. It shows times in the reader's own zone and language.
"use strict";

(function () {
  const language = document.documentElement.lang || undefined;
  const absolute = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

  function ago(time) {
    const seconds = (time - Date.now()) / 1000;
    for (const [unit, length] of units) {
      if (Math.abs(seconds) >= length) {
        return relative.format(Math.round(seconds / length), unit);
      }
    }
    return relative.format(Math.round(seconds), "second");
  }

  // Parts of a page that are fetched again call this for what they bring.
  function showTimes(root) {
    for (const element of root.querySelectorAll("time[data-moment]")) {
      const time = new Date(element.dateTime);
      if (isNaN(time)) {
        continue;
      }
      const utc = element.dateTime.replace("T", " ").replace("Z", " UTC");
      element.textContent = (element.dataset.moment === "exact" ? exact : absolute).format(time);
      element.title = ago(time) + " · " + utc;
    }
  }

  window.eden = { showTimes: showTimes };
  showTimes(document);
})();
