// Follows a run: asks every second how far it is, and shows the page anew when something begins or ends.
// Without this script the page shows itself anew every few seconds.
"use strict";

(function () {
  const live = document.getElementById("live");
  if (!live) {
    return;
  }
  const EVERY = 1000;
  const LONGEST_PAUSE = 15000;
  // Who listens is told of a new resource or direction, and otherwise only now and then.
  const TELL_EVERY = 15000;
  const bar = document.getElementById("live-bar");
  const told = document.getElementById("live-told");
  let pause = EVERY;
  let lastPart = "";
  let lastTold = 0;

  function show(id, text) {
    const element = document.getElementById(id);
    if (element && text && element.textContent !== text) {
      element.textContent = text;
    }
  }

  function tell(state) {
    const now = Date.now();
    if (told && (state.part !== lastPart || now - lastTold > TELL_EVERY)) {
      told.textContent = [state.stage, state.resource, state.records].join(" – ");
      lastPart = state.part;
      lastTold = now;
    }
  }

  function update(state) {
    for (const name of ["stage", "resource", "records", "rate", "left", "received", "sent"]) {
      show("live-" + name, state[name]);
    }
    if (bar) {
      if (state.share === null) {
        bar.removeAttribute("value");
      } else {
        bar.value = state.share;
      }
    }
    tell(state);
  }

  async function ask() {
    try {
      const answer = await fetch(live.dataset.live, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) {
        throw new Error(String(answer.status));
      }
      const state = await answer.json();
      if (state.state !== live.dataset.state) {
        location.replace(location.pathname);
        return;
      }
      if (state.state === "running") {
        update(state);
      }
      pause = EVERY;
    } catch (error) {
      // The line is down, or the site is busy: it is asked again, less often.
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
    setTimeout(ask, pause);
  }

  setTimeout(ask, EVERY);
})();
