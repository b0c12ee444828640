// What stands on the page, in the order in which one wants to know it.
function masthead() {
  const { kind, first, leads, rest, more } = DATA.verdict;
  const sides = DATA.sides.map(([name, size], i) =>
    el("span", {}, `${i ? "candidate" : "reference"} `, el("code", {}, name), ` ${size}`),
  );
  const name = first ? el("a", { href: anchor(leads), class: "name", onclick: leap(leads) }, first) : "";
  return el(
    "header",
    { class: "masthead" },
    el("p", { class: "brand" }, el("b", {}, "firstbad"), sides),
    el("h1", { class: kind }, name, rest, "."),
    more ? el("p", { class: "more" }, `${more[0].toUpperCase()}${more.slice(1)}.`) : "",
  );
}

const SHORT = {
  settings: "settings",
  origins: "origins",
  flipped: "flipped",
  graph: "graph",
  healed: "healed",
  missing: "one-sided",
  table: "all records",
  notes: "notes",
  maps: "maps",
  sets: "sets of origins",
  quantities: "quantities",
  walk: "how it was found",
  commit: "the commit",
};

function contents(parts) {
  const links = parts
    .filter((part) => part && part.id)
    .map((part) => [el("a", { href: `#${part.id}` }, SHORT[part.id]), " "]);
  return links.length > 2 ? el("nav", { "aria-label": "on this page" }, links) : "";
}

function tracesParts(traces) {
  return [
    settingsSection(traces),
    originsSection(traces),
    flippedSection(traces),
    graphSection(traces, inheritedList(traces)),
    healedSection(traces),
    missingSection(traces),
    tableSection(traces),
    notesSection(traces),
  ];
}

function answerParts() {
  const { result, traces } = DATA;
  const walk = section(
    "walk",
    "How it was found",
    el("ol", { class: "steps" }, stepsOf(result.steps)),
    result.evidence.length
      ? el(
          "ul",
          {},
          result.evidence.map((text) => el("li", {}, text)),
        )
      : "",
    result.artefacts ? el("p", { class: "quiet" }, `Everything that ran is kept in ${result.artefacts}.`) : "",
  );
  const where = result.pixel
    ? el(
        "p",
        { class: "at" },
        `Reference and candidate at pixel ${result.pixel.join(" ")} (slow fast) of case ${result.case}:`,
      )
    : "";
  const untraced = result.untraced ? el("p", {}, `No trace: ${result.untraced}`) : "";
  return [commitSection(result), walk, where, untraced, ...(traces ? tracesParts(traces) : [])];
}

// The steps of the walk; a long row of probes is folded into one.
function stepsOf(steps) {
  const rows = [];
  for (let i = 0; i < steps.length;) {
    let until = i + 1;
    while (until < steps.length && steps[until].name === steps[i].name) until++;
    const said = steps.slice(i, until).map((step) => step.said);
    rows.push(
      el(
        "li",
        {},
        el("b", {}, steps[i].name),
        " ",
        said.length === 1
          ? said[0]
          : said.length < 5
            ? el(
                "ul",
                {},
                said.map((text) => el("li", {}, text)),
              )
            : fold(
                `${said.length} probes`,
                false,
                el(
                  "ul",
                  {},
                  said.map((text) => el("li", {}, text)),
                ),
              ),
      ),
    );
    i = until;
  }
  return rows;
}

function commitSection(result) {
  const facts = result.commit_facts;
  if (!facts) return null;
  const lines = result.lines.map((line) =>
    el(
      "div",
      {},
      el("p", { class: "quiet" }, `${line.file}:${line.line}`),
      el(
        "pre",
        { class: "change" },
        line.before === null ? "" : el("del", {}, `- ${line.before.trimEnd()}\n`),
        line.after === null ? "" : el("ins", {}, `+ ${line.after.trimEnd()}\n`),
      ),
    ),
  );
  return section(
    "commit",
    "The commit",
    el("p", {}, el("code", {}, facts.sha), ` ${facts.subject} (${facts.author}, ${facts.date})`),
    lines,
  );
}

const parts = DATA.kind === "stores" ? storesPage() : DATA.kind === "answer" ? answerParts() : tracesParts(DATA);
document.getElementById("page").append(masthead(), contents(parts), ...parts.filter(Boolean));
if (table.body) again();
if (location.hash.startsWith("#q-")) jump(decodeURIComponent(location.hash.slice(3)));
