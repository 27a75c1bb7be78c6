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

  // Live is a page that is told news and could show the last of them. What could not be asked for stays as it was, and is asked
  // for again: it may be long until the next news. Later each time, and not by all pages at once.
  const again = 3000, longest = 60000;
  const state = { told: false, shown: true, timer: 0, failures: 0 };
  const isFollowing = (place) => Boolean(place.matches?.("[hx-trigger*='news']"));

  const setState = (change) => {
    Object.assign(state, change);
    document.body.classList.toggle("live", state.told && state.shown);
  };

  const askAgain = (event) => {
    if (!isFollowing(event.target)) return;
    const pause = Math.min(longest, again * 2 ** state.failures) * (0.75 + Math.random() / 2);
    setState({ shown: false, failures: state.failures + 1 });
    clearTimeout(state.timer);
    state.timer = setTimeout(() => document.getElementById("live")?.dispatchEvent(new Event("news")), pause);
  };

  document.addEventListener("htmx:response:error", askAgain);
  document.addEventListener("htmx:error", askAgain);
  document.addEventListener("htmx:sse:after:connection", () => setState({ told: true }));
  document.addEventListener("htmx:sse:error", () => setState({ told: false }));
  document.addEventListener("htmx:sse:close", () => setState({ told: false }));
  document.addEventListener("htmx:after:swap", (event) => {
    readClock();
    tick();
    // An error that is not put in ends with this event as well.
    if (isFollowing(event.target) && event.detail.ctx.swap !== "none") {
      clearTimeout(state.timer);
      setState({ shown: true, failures: 0 });
    }
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
  });

  readClock();
  tick();
  setInterval(tick, 1000);
})();
