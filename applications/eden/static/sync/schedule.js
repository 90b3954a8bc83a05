// Times of a schedule are kept in UTC. This shows them, and takes them, by the clock of the reader.
"use strict";

(function () {
  const language = document.documentElement.lang || undefined;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });

  function two(number) {
    return String(number).padStart(2, "0");
  }

  function moment(text, kind) {
    if (kind === "time") {
      return new Date(new Date().toISOString().slice(0, 10) + "T" + text.slice(0, 5) + ":00Z");
    }
    return new Date(text.slice(0, 16) + ":00Z");
  }

  function local(date, kind) {
    const time = two(date.getHours()) + ":" + two(date.getMinutes());
    const day = date.getFullYear() + "-" + two(date.getMonth() + 1) + "-" + two(date.getDate());
    return kind === "time" ? time : day + "T" + time;
  }

  function universal(text, kind) {
    const date = kind === "time" ? new Date() : new Date(text);
    if (kind === "time") {
      date.setHours(Number(text.slice(0, 2)), Number(text.slice(3, 5)), 0, 0);
    }
    if (isNaN(date)) {
      return text;
    }
    return kind === "time" ? date.toISOString().slice(11, 16) : date.toISOString().slice(0, 16);
  }

  // What is sent is a hidden field in UTC; what is seen has no name.
  for (const input of document.querySelectorAll("input[data-utc]")) {
    const kind = input.dataset.utc;
    const sent = document.createElement("input");
    sent.type = "hidden";
    sent.name = input.name;
    sent.value = input.value;
    input.removeAttribute("name");
    input.after(sent);
    if (input.value) {
      const date = moment(input.value, kind);
      if (!isNaN(date)) {
        input.value = local(date, kind);
      }
    }
    input.addEventListener("input", function () {
      sent.value = input.value ? universal(input.value, kind) : "";
    });
  }
  for (const element of document.querySelectorAll("[data-zone]")) {
    element.textContent = zone;
  }
  for (const element of document.querySelectorAll("[data-zone-note]")) {
    element.hidden = false;
  }
  for (const element of document.querySelectorAll("time[data-time]")) {
    const date = moment(element.dateTime, "time");
    if (!isNaN(date)) {
      element.textContent = clock.format(date);
    }
  }
})();
