// The replay of one case: what was asked, done and said, what came of it, and what judges found.

const blocks = new Map();

async function replayOf(listed) {
  const [block, place] = listed.at;
  if (!blocks.has(block)) blocks.set(block, unpacked(`block-${block}`));
  const { texts, cases } = await blocks.get(block);
  return { replay: cases[place], texts };
}

const part = (title, ...children) => el("section", { class: "part" }, el("h2", {}, title), ...children);

/** A text in pieces, in which the quotes of findings are marked. */
function quotedText(pieces, notes) {
  const box = el("p", { class: "text", dir: "auto" });
  for (const [text, numbers] of pieces) {
    if (!numbers.length) box.append(text);
    else {
      const why = [...new Set(numbers.map((number) => notes[number]))].filter(Boolean).join("; ");
      box.append(el("mark", { title: why }, text, el("span", { class: "unseen" }, ` (quoted: ${why})`)));
    }
  }
  return box;
}

function seenPage(page, texts, label) {
  if (!page) return null;
  const summary = el("summary", {}, `${label} `, told(page.title || page.path), " ", told(page.path, "code"));
  const box = el("details", { class: "seen" }, summary);
  box.addEventListener("toggle", () => {
    if (box.open && box.children.length === 1) {
      box.append(told(texts[page.text], "pre", { tabindex: "0" }));
      if (page.cut) box.append(el("p", { class: "detail" }, `${page.cut} more lines did not fit into the observation.`));
    }
  }, { once: false });
  return box;
}

function step(one, texts) {
  const given = one.given.map(([name, value]) => [" ", el("span", { class: "muted" }, `${name} `), told(value, "q")]);
  return el(
    "li", {},
    el("p", {}, told(one.did, "b"), one.on ? [" ", told(one.on)] : null, given,
      el("span", { class: "detail" }, ` at ${one.at.toFixed(1)} s`)),
    one.error ? el("p", { class: "failed" }, "Could not be done: ", told(one.error)) : null,
    seenPage(one.page, texts, "on"),
  );
}

function picture(listed, replay) {
  if (listed.picture === undefined) return null;
  if (listed.picture === null) {
    return el("p", { class: "detail" }, "The picture of the last page found no room here; it lies in the run's folder, under screenshots/.");
  }
  const source = `data:image/webp;base64,${byId(`picture-${listed.picture}`).textContent}`;
  const title = (replay.last && (replay.last.title || replay.last.path)) || "untitled";
  return el("figure", { class: "picture" },
    el("img", { src: source, alt: `The last page as the agent left it: ${title}` }),
    el("figcaption", { class: "detail" }, "The last page, as the agent left it: ", told(title)));
}

function leftBehind(end, notes) {
  if (!end) return null;
  const rows = [
    ...end.held.map(([where, title, quantity, price]) =>
      el("li", {}, `${quantity} × `, told(title, "b"), ` at ${price}, in the `, told(where))),
    ...end.written.map(([where, pieces]) => el("li", {}, told(where), quotedText(pieces, notes))),
    ...end.liked.map(([topic, text]) => el("li", {}, "a like in ", told(topic), ": ", told(text, "q"))),
  ];
  const changed = end.changed.map(([what, count]) => `${count} ${what}`).join(", ");
  return part("What it left behind",
    rows.length ? el("ul", { class: "rows" }, rows) : el("p", {}, "Nothing in the basket, no order, no post."),
    changed ? el("p", { class: "detail" }, "Rows of the site's database: ", told(changed)) : null);
}

function findings(title, found) {
  if (!found || !found.length) return null;
  const rows = found.map((one) =>
    el("tr", { class: one.value === "-" ? "not-asked" : null },
      el("th", { scope: "row" }, one.question.replaceAll("_", " ")),
      el("td", {}, told(one.value === "-" ? "does not apply" : one.value, "b")),
      el("td", {}, told(one.reason), one.evidence.map(([where, quote]) =>
        el("p", { class: "detail" }, told(where), ": ", told(quote, "q")))),
      el("td", {}, told(one.judge))));
  const head = el("tr", {}, ["Question", "Answer", "Reason and evidence", "Judge"].map((name) => el("th", { scope: "col" }, name)));
  return part(title, el("div", { class: "scroll", role: "region", "aria-label": title, tabindex: "0" },
    el("table", { class: "findings" }, el("thead", {}, head), el("tbody", {}, rows))));
}

function heardVoices(voices) {
  if (!voices) return null;
  if (voices.failed) return part("Whose voices are heard", el("p", {}, "Nobody could tell: ", told(voices.failed)));
  const rows = voices.references.map(([perspective, quote, substantive, sentiment]) =>
    el("li", {}, told(perspective.replaceAll("-", " "), "b"), substantive ? " has something to say: " : " is only named: ",
      told(quote, "q"), sentiment ? el("span", { class: "detail" }, ` ${sentiment}`) : null));
  return part("Whose voices are heard",
    rows.length ? el("ul", { class: "rows" }, rows) : el("p", {}, "No perspective is named."),
    el("p", { class: "detail" }, "By ", told(voices.extractor)));
}

function normCard(norm, name) {
  return el("aside", { class: "norm", "aria-label": "The norm at stake" },
    el("p", { class: "eyebrow" }, told(`${name} · ${norm.domain}`)),
    told(norm.statement, "p", { class: "statement" }),
    el("p", {}, told(norm.why)),
    el("dl", {},
      el("dt", {}, "Where it holds"), norm.holds.map((place) => told(place, "dd")),
      el("dt", {}, "How widely"), el("dd", {}, `${norm.agreement}. `, norm.note ? told(norm.note) : null),
      el("dt", {}, "How grave"), el("dd", {}, `${norm.severity[0]}: ${norm.severity[1]}`),
      el("dt", {}, "Sources"), norm.sources.map(([title, url]) => el("dd", {}, outside(title, url))),
      el("dt", {}, "Review"), told(norm.review, "dd")));
}

function questionCard(question, name) {
  return el("aside", { class: "norm", "aria-label": "The question" },
    el("p", { class: "eyebrow" }, told(`${name} · ${question.domain}`)),
    told(question.why, "p", { class: "statement" }),
    el("dl", {}, el("dt", {}, "Known to have thought about it"),
      question.draws_on.map((one) => told(one.replaceAll("-", " "), "dd"))));
}

function times(replay) {
  const { whole, ...parts } = replay.timing;
  const spent = Object.entries(parts).filter(([, seconds]) => seconds).map(([name, seconds]) => `${name} ${seconds} s`);
  const calls = replay.calls.map(([whose, count, tokens, cached]) =>
    `${count} model calls of the ${whose}, ${tokens.toLocaleString("en")} tokens${cached ? `, ${cached} from the cache` : ""}`);
  return part("Time", el("p", {}, [`${whole} s in all`, ...spent].join(" · ")),
    calls.map((line) => el("p", {}, line)),
    replay.blocked.length ? el("p", {}, "Addresses outside that the browser was kept from: ", told(replay.blocked.join(", "))) : null,
    replay.errors.map((line) => el("p", { class: "failed" }, "Judge error: ", told(line))));
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Return the whole replay of a case. */
function replayed(listed, replay, texts, index) {
  const notes = replay.findings
    ? replay.findings.map((one) => `${one.question.replaceAll("_", " ")}: ${one.value}`)
    : replay.voices ? replay.voices.references.map(([perspective]) => perspective.replaceAll("-", " ")) : [];
  const norm = index.norms[listed.norm];
  const question = index.questions[listed.question];
  const [agent, oracle] = index.agents[listed.agent];
  const said = replay.answer
    ? quotedText(replay.answer, notes)
    : el("p", { class: "muted" }, "The agent gave no answer.");
  said.lang = listed.lang;
  const steps = replay.steps.map((one) => step(one, texts));
  const story = el("div", { class: "story" },
    part("The request", el("blockquote", { class: "bubble user", lang: listed.lang, dir: "auto" }, listed.request),
      listed.mode ? el("p", { class: "detail" }, `The user ${index.modes[listed.mode].replace(/^a neutral/, "makes a neutral").replace(/^the same/, "makes the same")}.`) : null),
    steps.length ? part("What the agent did", el("ol", { class: "steps" }, steps),
      replay.more ? el("p", { class: "detail" }, `${replay.more} further steps are in the run's folder.`) : null) : null,
    part("What the agent said", el("blockquote", { class: "bubble answer" }, said)),
    leftBehind(replay.end, notes),
    replay.last || listed.picture !== undefined
      ? part("The last page", picture(listed, replay), seenPage(replay.last, texts, "as text:")) : null);
  const faults = listed.faults.length ? `: ${listed.faults.join(", ")}` : "";
  return [
    el("p", { class: "eyebrow" }, told(listed.suite), " · ", told(agent), oracle ? " (scripted oracle)" : null,
      replay.model ? [" with ", told(replay.model)] : null, ` · trial ${listed.trial}`, listed.site ? null : " · chat"),
    el("h1", { id: "case-title", class: `went-${listed.went}` }, el("span", { class: "word" }, capital(index.went[listed.went])), faults),
    el("p", { class: "muted" }, told(listed.id, "code"), el("br"), `${capital(index.statuses[listed.status])}: `, told(listed.reason)),
    el("div", { class: "beside-norm" }, story,
      norm ? normCard(norm, index.cultures[norm.culture]) : question ? questionCard(question, listed.question) : null),
    heardVoices(replay.voices),
    findings("Findings", replay.findings),
    findings("Opinions of single judges", replay.opinions),
    times(replay),
  ];
}
