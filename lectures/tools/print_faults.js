// Run on the page laid out for print: each slide fills its page, title above body, everything built, and behind a slide
// with stepped figures the steps of the handout.
() => {
  const groups = [...document.querySelectorAll(".pdf-page .steps")].map(s => s.querySelectorAll("[data-handout]").length);
  const wanted = groups.filter(count => count > 1).reduce((a, b) => a + b, 0), shown = document.querySelectorAll(".frame img").length;
  const missing = shown === wanted ? [] : [`${shown} of ${wanted} steps of figures are printed`];
  return [...document.querySelectorAll(".pdf-page")].flatMap((page, index) => {
    const slides = page.querySelectorAll("section"), faults = [];
    if (slides.length !== 1) return [`page ${index + 1} holds ${slides.length} slides`];
    const room = page.getBoundingClientRect(), box = slides[0].getBoundingClientRect();
    for (const side of ["left", "top", "right", "bottom"])
      if (Math.abs(room[side] - box[side]) > 1) faults.push(`page ${index + 1}: the slide misses its ${side} edge`);
    const title = slides[0].querySelector("h1, h2, .title").getBoundingClientRect();
    const body = slides[0].querySelector(".body, .grid").getBoundingClientRect();
    if (!slides[0].matches(".statement") && body.top < title.bottom - 1) faults.push(`page ${index + 1}: title and body overlap`);
    for (const frame of slides[0].querySelectorAll(".frame"))
      if (frame.getBoundingClientRect().bottom > room.bottom - 40) faults.push(`page ${index + 1}: a step runs into the footer`);
    for (const part of slides[0].querySelectorAll(".fragment"))
      if (!part.classList.contains("visible")) faults.push(`page ${index + 1}: something is not built`);
    return faults;
  }).concat(missing);
}
