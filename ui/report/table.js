// Every record, some hundreds at a time; a filter by verdict and by name.
const STEP = 300;
const table = {
  traces: null,
  wanted: new Set(),
  text: "",
  shown: STEP,
  body: null,
  count: null,
  more: null,
  input: null,
  chips: [],
};

function tableSection(traces) {
  const { rows, verdicts } = traces.table;
  table.traces = traces;
  const counts = verdicts.map((_, rank) => rows.reduce((sum, row) => sum + (row[1] === rank), 0));
  table.input = el("input", {
    type: "search",
    id: "filter",
    placeholder: "name  ( / )",
    "aria-label": "show quantities whose name holds this; =name for exactly this one",
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => {
      table.text = table.input.value.trim();
      again();
    },
  });
  table.chips = verdicts
    .map((text, rank) => [rank, counts[rank] && chip(text, counts[rank], rank)])
    .filter(([, c]) => c);
  table.count = el("p", { class: "quiet", role: "status" });
  table.body = el("tbody");
  table.more = el(
    "button",
    {
      type: "button",
      onclick: () => {
        table.shown += STEP;
        draw();
      },
    },
    "",
  );
  const heads = ["quantity", "verdict", "reference", "candidate", "difference"];
  const note = traces.table.left_out
    ? el(
        "p",
        { class: "quiet" },
        `${plural(traces.table.left_out, "record")} that agree are left out here: firstbad diff --all lists them.`,
      )
    : "";
  return section(
    "table",
    "Every record, in the order of the reference",
    el(
      "div",
      { class: "controls", role: "group", "aria-label": "filter" },
      table.input,
      table.chips.map(([, c]) => c),
    ),
    table.count,
    note,
    el(
      "p",
      { class: "quiet scale" },
      "The strip shows the difference in units of what is granted, from a thousandth to 10",
      el("sup", {}, "15"),
      "; beyond the mark it is too much.",
    ),
    el(
      "table",
      { class: "records" },
      el("caption", { class: "unseen" }, "records of both traces"),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map((text) => el("th", { scope: "col" }, text)),
        ),
      ),
      table.body,
    ),
    table.more,
  );
}

function chip(text, count, rank) {
  const button = el(
    "button",
    { type: "button", class: `chip v${rank}`, "aria-pressed": "false", onclick: () => toggle(rank) },
    `${text} `,
    el("b", {}, count.toLocaleString("en")),
  );
  return button;
}

function toggle(rank) {
  table.wanted.has(rank) ? table.wanted.delete(rank) : table.wanted.add(rank);
  for (const [one, button] of table.chips) button.setAttribute("aria-pressed", table.wanted.has(one));
  again();
}

function matching() {
  const { rows, names } = table.traces.table,
    text = table.text.toLowerCase();
  const exact = text.startsWith("=") ? text.slice(1) : null;
  const good = names.map((name) => (exact === null ? name.toLowerCase().includes(text) : name.toLowerCase() === exact));
  return rows.filter((row) => good[row[0]] && (!table.wanted.size || table.wanted.has(row[1])));
}

function again() {
  table.shown = STEP;
  table.found = matching();
  table.body.replaceChildren();
  draw();
}

function draw() {
  const until = Math.min(table.shown, table.found.length);
  table.body.append(...table.found.slice(table.body.childElementCount, until).map(recordRow));
  const total = table.traces.table.rows.length;
  table.count.textContent =
    `${until.toLocaleString("en")} shown of ${table.found.length.toLocaleString("en")}` +
    (table.found.length < total
      ? ` that match, of ${plural(total, "record")}`
      : ` ${table.found.length === 1 ? "record" : "records"}`);
  table.more.hidden = until >= table.found.length;
  table.more.textContent = `show ${Math.min(STEP, table.found.length - until)} more`;
}

function recordRow(row) {
  const [name, rank, place, left, right, units, line, other] = row,
    { names, places, verdicts } = table.traces.table;
  const theirs = right === 0 ? left : right,
    quantity = names[name];
  const widest = Array.isArray(units)
    ? units.reduce((a, b) => ((finite(b) ?? Infinity) > (finite(a) ?? Infinity) ? b : a))
    : units;
  const where = [
    places[place],
    line && other ? (line === other ? `line ${line}` : `lines ${line} and ${other}`) : `line ${line || other}`,
  ]
    .filter(Boolean)
    .join(", ");
  const leads = table.traces.details[quantity];
  return el(
    "tr",
    { class: `v${rank}` },
    el(
      "th",
      { scope: "row" },
      leads ? el("a", { href: anchor(quantity), onclick: leap(quantity) }, quantity) : quantity,
      el("small", {}, where),
    ),
    el("td", { "data-head": "verdict" }, el("span", { class: `verdict v${rank}` }, verdicts[rank])),
    el("td", { "data-head": "reference", class: "value" }, rank === 0 ? left : markedAll(left, theirs)),
    el(
      "td",
      { "data-head": "candidate", class: rank === 0 ? "value quiet" : "value", title: theirs },
      rank === 0 ? "same" : markedAll(theirs, left),
    ),
    el("td", { "data-head": "difference" }, left === null || theirs === null ? "" : strip(widest)),
  );
}

// From elsewhere on the page: show the records of one quantity.
function findInTable(name) {
  if (!table.traces) return;
  table.wanted.clear();
  for (const [, button] of table.chips) button.setAttribute("aria-pressed", "false");
  table.input.value = `=${name}`;
  table.text = table.input.value;
  again();
  document.getElementById("table").scrollIntoView({ block: "start" });
  table.input.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (
    event.key !== "/" ||
    !table.input ||
    /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName) ||
    event.ctrlKey ||
    event.metaKey
  )
    return;
  event.preventDefault();
  table.input.focus();
});
