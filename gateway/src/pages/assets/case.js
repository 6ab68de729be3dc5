// Keeps the page of a case current: hears of each event, fetches the page again and puts the new parts in place. Without this script
// the page says the same after a reload. What somebody is writing is never replaced.
(() => {
  "use strict";
  const live = document.getElementById("live");
  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();
  if (!live || !window.EventSource || !window.fetch || !window.DOMParser) return;
  const words = document.getElementById("live-words");
  const refresh = document.getElementById("refresh");
  if (words) words.hidden = false;
  if (refresh) refresh.hidden = true;

  const touched = (part) => Array.from(part.querySelectorAll("input, textarea, select")).some((field) =>
    field === document.activeElement || (field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked
      : field.type === "file" ? field.files.length > 0 : field.value !== field.defaultValue));

  const replace = (id, fresh) => {
    const old = document.getElementById(id);
    const part = fresh.getElementById(id);
    if (!old || !part || old.isEqualNode(part) || touched(old)) return;
    const open = new Set(Array.from(old.querySelectorAll("details[open]"), (d) => d.dataset.clock));
    part.querySelectorAll("details").forEach((d) => { if (open.has(d.dataset.clock)) d.open = true; });
    const known = new Set(Array.from(old.querySelectorAll("[data-seq]"), (e) => e.dataset.seq));
    part.querySelectorAll("[data-seq]").forEach((e) => { if (!known.has(e.dataset.seq)) e.classList.add("timeline-new"); });
    old.replaceWith(document.adoptNode(part));
  };

  let running = false;
  let again = false;
  const update = async () => {
    if (running) { again = true; return; }
    running = true;
    try {
      const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        ["live", "act", "course"].forEach((id) => replace(id, fresh));
        const hidden = document.getElementById("live-words");
        if (hidden) hidden.hidden = false;
        const link = document.getElementById("refresh");
        if (link) link.hidden = true;
        const news = document.getElementById("news");
        const state = document.getElementById("state");
        const what = document.querySelector(".timeline-what");
        if (news && state) news.textContent = [state.textContent, what && what.textContent].filter(Boolean).join(" · ");
      }
    } catch {
      // The next event, or the reader, tries again.
    } finally {
      running = false;
      if (again) { again = false; update(); }
    }
  };

  const source = new EventSource(live.dataset.events);
  ["applied", "pre_accepted", "pre_refused", "pre_correction_requested", "accepted", "refused", "deemed_accepted", "step", "forwarded",
    "correction_requested", "supplemented", "corrected", "resubmitted", "lapsed", "special_started", "special_ended",
    "withdrawal_requested", "withdrawn", "closed", "collected", "evaluated", "recalculated"].forEach((kind) => source.addEventListener(kind, update));
  window.addEventListener("pagehide", () => source.close());
})();
