// The list of cases: filtered by what the address says, a page at a time; and the case that is open.

const PAGE = 50;
const LABELS = { norm: "norm", place: "where norms hold in" };

function showCases(index) {
  const filters = byId("filters");
  const list = byId("list");
  let shown = [];
  let page = 0;
  let before = null;

  for (const one of index.cases) {
    const norm = index.norms[one.norm];
    const asked = index.questions[one.question];
    one.culture = norm ? norm.culture : null;
    one.holds = norm ? norm.at : [];
    one.text = [one.id, one.request, one.said, one.reason, norm ? norm.statement : "", asked ? asked.why : "",
      index.cultures[one.culture] || ""].join("\n").toLowerCase();
  }

  function options(name, values, label = (value) => value) {
    const select = filters.elements[name];
    select.append(el("option", { value: "" }, "any"), ...values.map((value) => el("option", { value }, label(value))));
    if (!values.length) select.parentElement.hidden = true;
  }
  const distinct = (pick) => [...new Set(index.cases.flatMap(pick).filter(Boolean))].sort();
  options("went", distinct((one) => one.went), (word) => index.went[word]);
  options("agent", Object.keys(index.agents), (reference) => index.agents[reference][0]);
  options("culture", Object.keys(index.cultures), (key) => index.cultures[key]);
  options("suite", distinct((one) => one.suite));
  options("mode", index.cases.some((one) => one.mode) ? ["holds", ...Object.keys(index.modes)] : [],
    (mode) => (mode === "holds" ? "wherever the norm holds" : `${mode}: ${index.modes[mode]}`));
  options("finding", distinct((one) => one.found || []), (found) => found.replaceAll("_", " "));
  options("status", distinct((one) => one.status), (status) => index.statuses[status]);
  filters.hidden = false;

  const fits = {
    q: (one, words) => words.toLowerCase().split(/\s+/).every((word) => one.text.includes(word)),
    mode: (one, mode) => (mode === "holds" ? Boolean(one.mode) && one.mode !== "contrast" : one.mode === mode),
    finding: (one, found) => (one.found || []).includes(found),
    place: (one, place) => one.holds.includes(place.replace(/^community /, "")),
  };
  const wanted = () => Object.fromEntries(KEYS.map((key) => [key, inAddress().get(key) || ""]));

  function filter() {
    const now = wanted();
    for (const control of filters.elements) if (control.name && control.value !== now[control.name]) control.value = now[control.name];
    const active = KEYS.filter((key) => now[key]);
    shown = index.cases.filter((one) => active.every((key) => (fits[key] ? fits[key](one, now[key]) : one[key] === now[key])));
    const chips = Object.keys(LABELS).filter((key) => now[key]).map((key) => told(`${LABELS[key]} ${now[key].replace(/^community /, "")}`, "span", { class: "tag" }));
    const clear = el("a", { href: "#cases" }, "Show all cases");
    byId("chosen").hidden = !active.length;
    byId("chosen").replaceChildren(...chips.flatMap((chip) => [chip, " "]), clear);
    const key = address(now);
    if (key !== before) page = 0;
    before = key;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    const now = wanted();
    byId("count").textContent = `${shown.length.toLocaleString("en")} of ${index.cases.length.toLocaleString("en")} cases`;
    list.start = page * PAGE + 1;
    list.replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map((one) => item(one, now)));
    byId("pages").hidden = pages === 1;
    byId("page").textContent = `Page ${page + 1} of ${pages}`;
    byId("before").disabled = page === 0;
    byId("after").disabled = page === pages - 1;
  }

  function item(one, now) {
    const [agent] = index.agents[one.agent];
    const state = one.went === "unjudged" ? index.statuses[one.status] : one.faults.join(", ") || index.went[one.went];
    const about = [one.culture ? index.cultures[one.culture] : "open question", one.scenario || one.question, one.mode, agent].filter(Boolean);
    return el("li", { class: `went-${one.went}` },
      el("a", { href: address({ ...now, case: one.id }) },
        el("span", { class: "state" }, state),
        told(one.request, "span", { class: "request", lang: one.lang }),
        told(about.join(" · "), "span", { class: "hint" })));
  }

  function turn(by) {
    page += by;
    draw();
    byId("cases").scrollIntoView();
    byId("count").tabIndex = -1;
    byId("count").focus({ preventScroll: true });
  }
  byId("before").addEventListener("click", () => turn(-1));
  byId("after").addEventListener("click", () => turn(1));

  let typing = 0;
  function changed() {
    const now = { ...wanted() };
    for (const control of filters.elements) if (control.name) now[control.name] = control.value;
    history.replaceState(null, "", address(now));
    filter();
  }
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("change", changed);
  filters.addEventListener("input", (event) => {
    clearTimeout(typing);
    if (event.target.type === "search") typing = setTimeout(changed, 150);
  });

  return { filter, all: () => index.cases, found: () => shown };
}

function walk(cases, listed) {
  const near = cases.found().includes(listed) ? cases.found() : cases.all();
  const at = near.indexOf(listed);
  const now = Object.fromEntries(KEYS.map((key) => [key, inAddress().get(key)]));
  const link = (one, text, rel) => (one ? el("a", { href: address({ ...now, case: one.id }), rel }, text) : el("span", { class: "none" }, text));
  return el("nav", { class: "walk", "aria-label": "Cases" },
    el("a", { href: address(now) === "#cases" ? "#cases" : address(now) }, "All cases"),
    link(near[at - 1], "Previous", "prev"), el("span", { class: "muted" }, `${at + 1} of ${near.length}`), link(near[at + 1], "Next", "next"));
}

async function start() {
  showPlaces();
  const index = await unpacked("index");
  const cases = showCases(index);
  const byCase = new Map(index.cases.map((one) => [one.id, one]));
  const title = document.title;
  let left = null;

  async function follow() {
    const parameters = inAddress();
    const box = byId("case");
    const listed = byCase.get(parameters.get("case"));
    const wasOpen = !box.hidden;
    cases.filter();
    if (listed) {
      if (!wasOpen) left = scrollY;
      const { replay, texts } = await replayOf(listed);
      if (inAddress().get("case") !== listed.id) return;
      box.replaceChildren(walk(cases, listed), ...replayed(listed, replay, texts, index).filter(Boolean));
      box.setAttribute("aria-labelledby", "case-title");
      byId("overview").hidden = true;
      box.hidden = false;
      document.title = `${listed.id} · ${title}`;
      scrollTo(0, 0);
      box.focus({ preventScroll: true });
      return;
    }
    box.hidden = true;
    box.replaceChildren();
    byId("overview").hidden = false;
    document.title = title;
    if (parameters.has("case")) byId("count").prepend("There is no such case. ");
    if (KEYS.some((key) => parameters.has(key)) || parameters.has("case") || location.hash === "#cases") {
      if (wasOpen && left !== null) scrollTo(0, left);
      else byId("cases").scrollIntoView();
    } else if (location.hash.length > 1) byId(location.hash.slice(1))?.scrollIntoView();
  }

  addEventListener("hashchange", follow);
  await follow();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  byId("count").textContent = "The cases cannot be shown: this page needs a browser of 2023 or newer.";
  throw error;
});
