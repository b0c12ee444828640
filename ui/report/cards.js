// One card for each quantity that went bad, and the lists of what only followed or healed.
const FAULT = {
  candidate: "the candidate is wrong",
  reference: "the reference is wrong",
  both: "both are wrong",
  neither: "an input differs",
  unknown: "the side cannot be told",
};
const LIES = {
  candidate: "the candidate's trace lies",
  reference: "the reference's trace lies",
  both: "both traces lie",
  neither: "an input differs",
  unknown: "which trace lies cannot be told",
};

const TIES = { unknown: "rounding decided it" };

function findingCard(traces, finding, open, faults = FAULT) {
  const detail = traces.details[finding.quantity] || {},
    row = traces.table.rows[traces.table.at[finding.quantity]];
  return el(
    "article",
    { class: `card ${finding.role}`, id: `q-${finding.quantity}`, tabindex: -1 },
    el(
      "header",
      {},
      el("h3", {}, finding.quantity, detail.unit ? el("span", { class: "unit" }, ` ${detail.unit}`) : ""),
      el(
        "p",
        { class: "badges" },
        el("span", { class: `badge side-${finding.side}` }, faults[finding.side]),
        costs(finding.cost) ? el("span", { class: "badge" }, costs(finding.cost)) : "",
      ),
    ),
    detail.note ? el("p", { class: "quiet" }, detail.note) : "",
    row ? bothValues(row) : "",
    finding.role === "healed" ? "" : el("p", { class: "quiet" }, placed(finding, detail)),
    patternPart(finding),
    whyPart(finding, detail),
    parentsPart(traces, detail),
    sourcePart(detail),
    logPart(detail, open),
    (detail.commands || []).map(commandLine),
  );
}

function placed(finding, detail) {
  const many =
    finding.different > 1 ? `differs in ${finding.different} of ${plural(finding.records, "record")}; shown is ` : "";
  const lines = `line ${finding.lines.reference} of the reference, ${finding.lines.candidate} of the candidate`;
  return `${many}${detail.place ? `${detail.place}, ` : ""}${lines}`;
}

function bothValues(row) {
  const left = row[3],
    right = row[4] === 0 ? row[3] : row[4];
  const mine = left.split(" "),
    theirs = right.split(" ");
  if (mine.length !== theirs.length || mine.length === 1)
    return oneValue(left, right, Array.isArray(row[5]) ? null : row[5]);
  const units = Array.isArray(row[5]) ? row[5] : mine.map(() => row[5]);
  const head = el(
    "tr",
    {},
    ["", "reference", "candidate", "differs", "in units of what is granted"].map((t) => el("th", { scope: "col" }, t)),
  );
  const body = mine.map((a, i) =>
    el(
      "tr",
      { class: a === theirs[i] ? "same" : "" },
      el("th", { scope: "row" }, mine.length === 9 ? `${Math.floor(i / 3) + 1},${(i % 3) + 1}` : i + 1),
      el("td", {}, marked(a, theirs[i])),
      el("td", {}, marked(theirs[i], a)),
      el("td", { class: "apart" }, apart(a, theirs[i])),
      el("td", {}, strip(units[i])),
    ),
  );
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "components" },
    el("table", { class: "components" }, el("thead", {}, head), el("tbody", {}, body)),
  );
}

function oneValue(left, right, units) {
  const off = apart(left, right);
  return el(
    "div",
    { class: "both" },
    el(
      "dl",
      {},
      el("dt", {}, "reference"),
      el("dd", {}, markedAll(left, right)),
      el("dt", {}, "candidate"),
      el("dd", {}, markedAll(right, left)),
    ),
    el(
      "p",
      {},
      off ? `differs ${off}` : "differs",
      el("br"),
      strip(units),
      " ",
      el("span", { class: "quiet" }, said(units)),
    ),
  );
}

function patternPart(finding) {
  const pattern = finding.pattern;
  if (!pattern || typeof pattern === "string") return "";
  const sure = Math.min(99.9, 100 * pattern.confidence);
  return el(
    "div",
    { class: "pattern" },
    el(
      "p",
      {},
      el("b", {}, "Looks like "),
      pattern.text,
      " ",
      el(
        "span",
        { class: "sure" },
        el("span", { class: "meter", style: { "--at": `${sure.toFixed(1)}%` } }),
        `${brief(sure)} % sure`,
      ),
    ),
    pattern.also.length ? el("p", { class: "quiet" }, `nearly as well: ${pattern.also.join("; ")}`) : "",
    pattern.evidence.length && finding.role !== "healed"
      ? el("p", { class: "quiet" }, pattern.evidence.join("; "))
      : "",
  );
}

function whyPart(finding, detail) {
  const told = ["reference", "candidate"].map((side) => [side, finding.closure[side]]).filter(([, c]) => c);
  const used = [...new Set(told.map(([, c]) => c.formula).filter(Boolean))];
  const healed = finding.role === "healed",
    idle = used.length || healed ? [] : detail.formulas || [];
  const written = (texts) => texts.map((text) => el("pre", {}, `${finding.quantity} = ${text}`));
  const says = told.map(([side, c]) => [
    c.holds === false ? "broken" : c.holds ? "holds" : "open",
    side,
    closed(finding.quantity, c),
  ]);
  const same = says.length === 2 && says[0][2] === says[1][2] && says[0][0] !== "broken";
  const lines = !same ? says : healed && says[0][0] === "open" ? [] : [[says[0][0], "both", says[0][2]]];
  return el(
    "div",
    { class: "why" },
    written(used),
    (healed || finding.role === "flipped") && finding.why ? el("p", {}, finding.why) : "",
    lines.length
      ? el(
          "ul",
          { class: "closure" },
          lines.map(([kind, side, text]) => el("li", { class: kind }, `${side}: ${text}`)),
        )
      : "",
    idle.length ? fold("its formulas in the catalogue", false, written(idle)) : "",
  );
}

function closed(name, c) {
  if (c.holds === true) return "it follows from its parents";
  const why = c.why.startsWith(`${name}: `) ? c.why.slice(name.length + 2) : c.why;
  if (c.holds === null) return why || "cannot be told from the trace";
  const expected = c.expected.length ? `; expected ${c.expected.join(" ")}` : "";
  return `does not follow: ${why}${expected}${c.unit_label ? " (a wrong unit label)" : ""}`;
}

function parentsPart(traces, detail) {
  if (!detail.parents || !detail.parents.length) return "";
  return el(
    "p",
    { class: "parents" },
    "computed from ",
    detail.parents.map((name) => [quantityLink(traces, name), " "]),
  );
}

function quantityLink(traces, name) {
  const part = traces.parts[name] || "agrees";
  return el("a", { class: `chip ${part}`, href: anchor(name), title: PARTS[part], onclick: leap(name) }, name);
}

function excerpt(side, found, label) {
  if (!found || !found.text)
    return el(
      "div",
      { class: "excerpt none" },
      el(
        "p",
        { class: "quiet" },
        found && found.place ? `${side}: recorded at ${found.place}; that file is not at hand` : `${side}: not at hand`,
      ),
    );
  const width = String(found.first + found.text.length - 1).length;
  const lines = found.text.map((text, i) => {
    const number = found.first + i;
    return el(
      "span",
      { class: number === found.line ? "line here" : "line" },
      el("span", { class: "number" }, String(number).padStart(width)),
      ` ${text}`,
    );
  });
  return el(
    "div",
    { class: "excerpt" },
    el("p", { class: "quiet" }, `${side}: ${label} ${found.place || `${found.file}:${found.line}`}`),
    el("pre", { tabindex: 0, role: "region", "aria-label": `${side}, ${found.file}` }, lines),
  );
}

function pairOf(detail, key, label) {
  const found = detail[key];
  if (!found || (!found.reference && !found.candidate)) return "";
  return el(
    "div",
    { class: "beside" },
    excerpt("reference", found.reference, label),
    excerpt("candidate", found.candidate, label),
  );
}
const sourcePart = (detail) => pairOf(detail, "source", "recorded at");
const logPart = (detail, open) => {
  const beside = pairOf(detail, "log", "");
  return beside && fold("the lines around it in both logs", open, beside);
};
