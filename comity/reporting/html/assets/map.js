// The map, the communities beside it, and the table by culture: for one agent, and one measure.

function showPlaces() {
  const controls = byId("map-controls");
  if (!controls) return;
  const { places } = JSON.parse(byId("map-data").textContent);
  const map = byId("map");
  const agent = byId("map-agent");
  const metric = byId("map-metric");
  const marks = [...map.querySelectorAll("[data-place]")];

  const figure = (key) => places[key].figures[agent.value][metric.value];
  const inWords = (key) => {
    const [, n, value, interval] = figure(key);
    return n ? `${value} (${interval}), n ${n}` : "nothing counted";
  };
  const inFull = (key) => `${places[key].name}: ${inWords(key)}`;

  function draw() {
    map.className = `where scale-${metric.selectedOptions[0].dataset.good}`;
    for (const mark of marks) {
      const [shade] = figure(mark.dataset.place);
      const shape = mark.matches("li") ? mark.querySelector("rect") : mark;
      shape.setAttribute("class", `place ${shade}`);
      if (mark.matches("li")) mark.querySelector("[data-told]").textContent = inWords(mark.dataset.place);
      else mark.querySelector("title").textContent = inFull(mark.dataset.place);
    }
    for (const table of document.querySelectorAll(".by-agent")) table.hidden = table.dataset.agent !== agent.value;
  }

  for (const mark of marks) {
    mark.addEventListener("pointerenter", () => (byId("map-told").textContent = inFull(mark.dataset.place)));
    if (!mark.matches("li")) {
      mark.addEventListener("click", () => (location.hash = address({ place: mark.dataset.place })));
    }
  }
  controls.addEventListener("change", draw);
  controls.addEventListener("submit", (event) => event.preventDefault());
  document.querySelectorAll("table.sortable").forEach(sortable);
  draw();
}

/** Let the heads of a table's columns sort its rows; what has no figure comes last. */
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = el("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.value;
      const numbers = head.dataset.sort === "number";
      const body = table.tBodies[0];
      const compare = (a, b) => (numbers ? Number(a) - Number(b) : a.localeCompare(b)) * (up ? 1 : -1);
      const rows = [...body.rows].sort((a, b) => {
        const [first, second] = [value(a), value(b)];
        return first === "" || second === "" ? (first === "") - (second === "") : compare(first, second);
      });
      body.append(...rows);
    });
  });
}
