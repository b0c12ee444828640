// What surrounds the cards: settings, what only followed or healed, what one side lacks, notes.
function settingsSection(traces) {
  const { config } = traces.result;
  if (!config.length) return null;
  const from = {
    manifest: "manifest",
    argument: "argument",
    input: "input file",
    record: "recorded",
    inferred: "inferred from the trace",
    unit: "printed with the value",
  };
  const rows = config.map((one) => {
    const [left, right] = [one.reference, one.candidate].map(told);
    return [
      el("b", {}, one.name),
      el("code", {}, markedAll(left, right)),
      el("code", {}, markedAll(right, left)),
      from[one.source] || one.source,
    ];
  });
  return section(
    "settings",
    "Settings, units and input files that differ: look here first",
    grid("settings that differ", ["setting", "reference", "candidate", "from"], rows),
  );
}

function told(value) {
  if (Array.isArray(value)) return value.map(told).join(" ");
  if (typeof value === "number" && Math.abs(value) >= 1e15) return value.toExponential();
  return value === null ? null : String(value);
}

function originsSection(traces) {
  const { origins } = traces.result;
  if (!origins.length) return null;
  const title =
    origins.length === 1
      ? "The origin: it differs although all that is traced of what it comes from agrees"
      : `${origins.length} origins: they differ although all that is traced of what they come from agrees`;
  return section(
    "origins",
    title,
    origins.map((one, i) => findingCard(traces, one, i === 0)),
  );
}

function flippedSection(traces) {
  const { flipped } = traces.result;
  return flipped.length
    ? section(
        "flipped",
        "Decisions that flipped near a tie",
        flipped.map((one) => findingCard(traces, one, false, TIES)),
      )
    : null;
}

function healedSection(traces) {
  const { healed } = traces.result;
  if (!healed.length) return null;
  return section(
    "healed",
    "Healed: they differ, yet what is computed from them agrees",
    el(
      "p",
      { class: "quiet" },
      "The program did not compute with what it printed: a wrong unit label, or a trace that lies.",
    ),
    healed.map((one) => findingCard(traces, one, false, LIES)),
  );
}

function inheritedList(traces) {
  const { inherited } = traces.result;
  if (!inherited.length) return "";
  const rows = inherited.map((one) =>
    el(
      "li",
      { id: `q-${one.quantity}`, tabindex: -1 },
      quantityInTable(one.quantity),
      el("span", { class: "quiet" }, " because of "),
      one.because.map((name) => [quantityLink(traces, name), " "]),
    ),
  );
  return fold(
    `${plural(inherited.length, "quantity")} only inherited the difference`,
    inherited.length <= 8,
    el("ul", { class: "followers" }, rows),
  );
}

const quantityInTable = (name) =>
  el(
    "a",
    {
      class: "chip inherited",
      href: "#table",
      onclick: (event) => {
        event.preventDefault();
        findInTable(name);
      },
    },
    name,
  );

function missingSection(traces) {
  const { missing } = traces.result;
  if (!missing.length) return null;
  const rows = missing.map((one) => [
    el("b", one.partly ? {} : { id: `q-${one.quantity}`, tabindex: -1 }, one.quantity),
    `only the ${one.side} has ${one.partly ? "some records of it" : "it"}`,
    `${plural(one.records, "record")}: line ${one.lines.slice(0, 8).join(", ")}${one.records > 8 ? " …" : ""}`,
    el("code", {}, told(one.first)),
  ]);
  return section(
    "missing",
    "On one side only",
    grid("records on one side only", ["quantity", "who", "where", "first value"], rows),
  );
}

function notesSection(traces) {
  const sides = ["reference", "candidate"].map((side) => traces.result[side]);
  const skipped = sides.flatMap((trace) =>
    trace.skipped.map((one) => [`${trace.name}:${one.line}`, one.reason, el("code", {}, one.text)]),
  );
  if (!traces.result.notes.length && !skipped.length) return null;
  return section(
    "notes",
    "What else is to be known",
    el(
      "ul",
      {},
      traces.result.notes.map((note) => el("li", {}, note)),
    ),
    skipped.length
      ? fold(
          `${plural(skipped.length, "line")} with TRACE became no record`,
          false,
          grid("lines that were not read", ["line", "why", "text"], skipped),
        )
      : "",
  );
}
