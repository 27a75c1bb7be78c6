// Runs countdowns, sends a filter when it is changed, and says whether the page follows what happens. The page works without it.
(() => {
  "use strict";
  const words = document.body.dataset;
  let offset = 0;
  let stamp = null;

  // The server's clock counts, not the reader's: each page says what time it was there when it was made.
  const readClock = () => {
    const place = document.querySelector("[data-now]");
    if (place && place.dataset.now !== stamp) {
      stamp = place.dataset.now;
      offset = Number(stamp) - Date.now();
    }
  };

  const fill = (text, value) => text.replace("{}", String(value));

  const inWords = (seconds) => {
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor((seconds % 86400) / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    const parts = [];
    if (days) parts.push(days === 1 ? words.day : fill(words.days, days));
    if (hours) parts.push(fill(words.h, hours));
    if (minutes && !days) parts.push(fill(words.min, minutes));
    if (!days && !hours) parts.push(fill(words.s, seconds % 60));
    return parts.slice(0, 2).join(" ");
  };

  const tick = () => {
    const now = Date.now() + offset;
    for (const place of document.querySelectorAll("[data-due]")) {
      const left = Number(place.dataset.due) - now;
      const text = fill(left > 0 ? words.left : words.late, inWords(Math.floor(Math.abs(left) / 1000)));
      if (place.textContent !== text) place.textContent = text;
      const row = place.closest(".overdue, .soon, .later");
      if (row) {
        const urgency = left <= 0 ? "overdue" : left <= 3600000 ? "soon" : "later";
        if (!row.classList.contains(urgency)) {
          row.classList.remove("overdue", "soon", "later");
          row.classList.add(urgency);
        }
      }
    }
  };

  const setLive = (live) => document.body.classList.toggle("live", live);

  document.addEventListener("htmx:sse:after:connection", () => setLive(true));
  document.addEventListener("htmx:sse:error", () => setLive(false));
  document.addEventListener("htmx:sse:close", () => setLive(false));
  document.addEventListener("htmx:after:swap", () => { readClock(); tick(); });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
  });

  readClock();
  tick();
  setInterval(tick, 1000);
})();
