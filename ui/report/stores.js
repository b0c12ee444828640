// Two stores of many pixels: the causes, the maps, and every quantity.
const MAPS = {
  origins: "which origin stands where",
  reference: "the reference's intensity, logarithmic",
  candidate: "the candidate's intensity, logarithmic",
  difference: "candidate − reference: red is too bright, blue too dark",
};

function storesPage() {
  const { result } = DATA;
  return [
    storesSettings(result),
    oneSided(result),
    causesSection(result),
    mapsSection(result),
    graphSection({ parts: DATA.parts, graph: DATA.graph }, ""),
    setsSection(result),
    columnsSection(result),
  ];
}

function storesSettings(result) {
  if (!result.settings.length) return null;
  const rows = result.settings.map((one) => [
    el("b", {}, one.name),
    el("code", {}, markedAll(one.reference, one.candidate)),
    el("code", {}, markedAll(one.candidate, one.reference)),
  ]);
  return section(
    "settings",
    "Settings that differ: look here first",
    grid("settings that differ", ["setting", "reference", "candidate"], rows),
  );
}

function causesSection(result) {
  if (!result.causes.length) return null;
  const judged = result.signatures.flatMap((set) => set.origins);
  const cards = result.causes.map((cause, i) => {
    const [slow, fast] = cause.pixel;
    const said = cause.quantities.map((name) => judged.find((one) => one.quantity === name)).filter(Boolean);
    return el(
      "article",
      { class: "card origin" },
      el(
        "header",
        {},
        el(
          "h3",
          {},
          cause.quantities.map((name, k) => [k ? " and " : "", el("span", { id: `q-${name}`, tabindex: -1 }, name)]),
        ),
        el(
          "p",
          { class: "badges" },
          el("span", { class: "badge" }, plural(cause.pixels, "pixel")),
          said.map((one) =>
            el(
              "span",
              { class: `badge side-${one.side}` },
              said.length > 1 ? `${one.quantity}: ` : "",
              FAULT[one.side],
            ),
          ),
        ),
      ),
      said
        .filter((one) => one.pattern)
        .map((one) => el("p", { class: "pattern" }, el("b", {}, `${one.quantity} looks like `), one.pattern)),
      el("p", {}, `The pixel to trace: slow ${slow}, fast ${fast}.`),
      (DATA.commands[i] || []).map(commandLine),
    );
  });
  return section(
    "origins",
    result.causes.length === 1 ? "The cause" : `${result.causes.length} separate causes, most pixels first`,
    cards,
  );
}

function mapsSection(result) {
  const figures = Object.entries(DATA.maps).map(([name, uri]) => mapFigure(name, uri, result.causes));
  const legend = DATA.legend.map((one) =>
    el("span", { class: "key" }, el("span", { class: "swatch", style: { background: one.colour } }), one.says),
  );
  return section(
    "maps",
    "Maps",
    el("p", { class: "legend" }, legend),
    el("div", { class: "maps" }, figures),
    el("p", { class: "quiet" }, "Rings mark the pixel to trace of each cause. Point at a map to read a pixel's place."),
  );
}

function mapFigure(name, uri, causes) {
  const [slow, fast] = DATA.shape,
    place = el("span", { class: "place" });
  const rings = causes.map(({ pixel, quantities }) =>
    el("span", {
      class: "ring",
      title: `${quantities.join(" and ")}: slow ${pixel[0]}, fast ${pixel[1]}`,
      style: { left: `${(100 * (pixel[1] + 0.5)) / fast}%`, top: `${(100 * (pixel[0] + 0.5)) / slow}%` },
    }),
  );
  const read = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const s = Math.floor((slow * (event.clientY - box.top)) / box.height),
      f = Math.floor((fast * (event.clientX - box.left)) / box.width);
    place.textContent = s >= 0 && f >= 0 && s < slow && f < fast ? ` — slow ${s}, fast ${f}` : "";
  };
  return el(
    "figure",
    {},
    el(
      "div",
      { class: "map", onpointermove: read, onpointerleave: () => (place.textContent = "") },
      el("img", { src: uri, alt: MAPS[name] || name, width: fast, height: slow }),
      rings,
    ),
    el("figcaption", {}, MAPS[name] || name, place),
  );
}

function setsSection(result) {
  if (!result.signatures.length) return null;
  const rows = result.signatures.map((set) => [
    set.screened.join(" and "),
    set.pixels.toLocaleString("en"),
    set.pixel.join(" "),
    set.noise
      ? "rounding, not a difference"
      : set.judged
        ? set.origins.map((one) =>
            el("div", {}, `${one.quantity}: ${FAULT[one.side]}${one.pattern ? `, looks like ${one.pattern}` : ""}`),
          )
        : "not judged: too many sets",
  ]);
  return section(
    "sets",
    "Pixels by their set of origins",
    grid("sets of origins", ["origins", "pixels", "judged at (slow fast)", "what the judge says there"], rows),
  );
}

function columnsSection(result) {
  const moved = result.columns.filter((one) => one.diverging),
    still = result.columns.filter((one) => !one.diverging);
  const name = (one) => el("b", isCause(one.name) ? {} : { id: `q-${one.name}`, tabindex: -1 }, one.name);
  const rows = moved.map((one) => [
    name(one),
    count(one.diverging),
    count(one.origins),
    result.words.includes(one.name) ? "a word" : one.largest === null ? "∞" : brief(one.largest),
    one.worst ? one.worst.join(" ") : "–",
    count(one.nan),
    count(one.missing),
  ]);
  return section(
    "quantities",
    "Every quantity",
    rows.length
      ? grid(
          "quantities",
          ["quantity", "diverges at", "origin at", "largest relative", "there (slow fast)", "NaN", "missing"],
          rows,
        )
      : "",
    still.length
      ? fold(
          `${plural(still.length, "quantity")} agree at every pixel`,
          false,
          el(
            "p",
            {},
            still.map((one) => [
              el("span", { class: "chip agrees", id: `q-${one.name}`, tabindex: -1 }, one.name),
              " ",
            ]),
          ),
        )
      : "",
  );
}
const isCause = (name) => DATA.result.causes.some((cause) => cause.quantities.includes(name));
const count = (n) => (n ? n.toLocaleString("en") : "–");

function oneSided(result) {
  const rows = [
    ["reference", result.only_reference],
    ["candidate", result.only_candidate],
  ].filter(([, names]) => names.length);
  return rows.length || DATA.lone.length
    ? section(
        "missing",
        DATA.lone.length ? "What has no partner on the other side" : "On one side only",
        DATA.lone.map((text) => el("p", {}, text)),
        rows.map(([side, names]) => el("p", {}, `only the ${side} has ${names.join(", ")}`)),
      )
    : null;
}
