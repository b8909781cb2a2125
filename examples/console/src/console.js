"use strict";
// Follows a run, and shows the page anew when it has ended. Without it, a link does.
for (const place of document.querySelectorAll("[data-events]")) {
    const events = new EventSource(place.dataset.events);
    events.addEventListener("progress", (event) => { place.textContent = event.data; });
    events.addEventListener("end", () => { events.close(); location.reload(); });
}
