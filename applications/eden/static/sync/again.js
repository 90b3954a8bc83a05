// Shows a part of a page again while it changes: <section id="..." data-again="5"> is fetched anew every five seconds,
// until the page that comes has no data-again on it. Nothing is touched while somebody is at a button of the part.
(() => {
  "use strict";

  const part = document.querySelector("[data-again]");
  if (!part) return;

  const look = async () => {
    if (!part.contains(document.activeElement)) {
      try {
        const answer = await fetch(location.href);
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          const fresh = page.getElementById(part.id);
          if (!fresh || !fresh.dataset.again) {
            location.reload();
            return;
          }
          part.replaceChildren(...fresh.childNodes);
          window.eden.showTimes(part);
        }
      } catch {
        // the line is down for a moment: the next time may do
      }
    }
    setTimeout(look, 1000 * Number(part.dataset.again));
  };

  setTimeout(look, 1000 * Number(part.dataset.again));
})();
