// Vega specifications, filled with the data of a pick for a plot of a given size.
const extent = (values) => [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
const onLogScale = ([low, high], length) => (value) => (Math.log(value / low) / Math.log(high / low)) * length;

// At most `most` ticks: 1-2-5 steps if they fit, else decades.
function logTicks([low, high], most = 8) {
  const ticks = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); ++decade) {
    for (const digit of [1, 2, 5]) ticks.push(Number(`${digit}e${decade}`));
  }
  const inside = ticks.filter((tick) => tick >= low && tick <= high);
  return inside.length <= most ? inside : inside.filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-9);
}

function fill(spec, data, signals) {
  for (const table of spec.data) if (data[table.name]) table.values = data[table.name];
  for (const signal of spec.signals) if (signals[signal.name] !== undefined) signal.value = signals[signal.name];
  return spec;
}

const yExtent = (pick, lowest = []) => {
  const ys = [...pick.points.flatMap((p) => [p.lo, p.hi]), ...(pick.rules ?? []).map((r) => r.y), ...lowest].filter((y) => y > 0);
  const [low, high] = extent(ys);
  return [low / 1.25, high * 1.3];
};

// The places of points, and of the lines between them.
function pixels(points, x, y, connected) {
  const places = points.map((p) => ({ s: p.s, at: [x(p.x), y(p.y)] }));
  const between = [];
  const last = new Map();
  for (const { s, at } of places) {
    const before = last.get(s);
    if (connected && before) {
      for (let t = 0.1; t < 1; t += 0.1) between.push([before[0] + t * (at[0] - before[0]), before[1] + t * (at[1] - before[1])]);
    }
    last.set(s, at);
  }
  return [...places.map(({ at }) => at), ...between];
}

function linesData(chart, pick, width, height, shared) {
  const [x0, x1] = extent(pick.points.map((p) => p.x).filter((x) => x > 0));
  const marks = pick.marks ?? [];
  const xDomain = [x0 / 1.12, x1 * 1.12], yDomain = shared ?? yExtent(pick, chart.spec === "advantage" ? [1] : []);
  const x = onLogScale(xDomain, width), y = (value) => height - onLogScale(yDomain, height)(value);
  const rules = (pick.rules ?? []).filter((r) => (r.x0 ?? 0) < xDomain[1] && (r.x1 ?? Infinity) > xDomain[0])
    .map((r) => ({ ...r, x0: Math.max(r.x0 ?? 0, xDomain[0]), x1: Math.min(r.x1 ?? Infinity, xDomain[1]) }));
  const shownMarks = marks.filter((m) => m.x > xDomain[0] && m.x < xDomain[1]);
  const labels = placeLabels([
    ...shownMarks.map((m) => placesAtMark(m.label, x(m.x), height)),
    ...rules.map((r) => placesAtLine(r.label, x(r.x0), x(r.x1), y(r.y)))], pixels(pick.points, x, y, pick.connected), width, height);
  const sizes = [...new Set(pick.points.map((p) => p.x))].sort((a, b) => a - b);
  return [{ points: pick.points, rules, marks: shownMarks, labels },
    { x_domain: xDomain, y_domain: yDomain, y_values: logTicks(yDomain), connected: pick.connected,
      x_values: pick.x_format === "~s" ? logTicks(xDomain) : sizes.length <= 14 ? sizes : null }];
}

function rooflineData(pick, width, height, shared) {
  const peaks = pick.roofs.filter((r) => r.gflops), slopes = pick.roofs.filter((r) => r.bandwidth);
  const peak = Math.max(...peaks.map((r) => r.gflops));
  const ridges = slopes.map((r) => peak / r.bandwidth);
  const [least, most] = extent(pick.points.map((p) => p.x));
  const ridge = Math.max(...ridges);
  const xDomain = [Math.min(least, ridge) / 2, Math.max(most, ridge) * 1.5];
  // The lowest roof is long enough for its label.
  const room = Math.max(...slopes.map((r) => measureText(r.label))) + 16;
  while (onLogScale(xDomain, width)(ridge) < room) xDomain[0] /= 1.2;
  const yDomain = shared ?? yExtent({ points: pick.points, rules: [{ y: peak }] });
  const x = onLogScale(xDomain, width), y = (value) => height - onLogScale(yDomain, height)(value);
  const rules = [], wishes = [];
  const add = (label, from, to) => {
    rules.push({ roof: label, x: from[0], y: from[1] }, { roof: label, x: to[0], y: to[1] });
    const ends = [from, to].map(([a, b]) => [x(a), y(b)]);
    wishes.push(ends[0][1] === ends[1][1] ? placesAtLine(label, ends[0][0], ends[1][0], ends[0][1]) : placesAlong(label, ...ends));
  };
  for (const roof of peaks) {
    const fastest = Math.max(...slopes.map((r) => r.bandwidth));
    add(roof.label, [Math.max(xDomain[0], roof.gflops / fastest), roof.gflops], [xDomain[1], roof.gflops]);
  }
  for (const roof of slopes) {
    const from = Math.max(xDomain[0], yDomain[0] / roof.bandwidth), to = Math.min(xDomain[1], peak / roof.bandwidth);
    if (from < to) add(roof.label, [from, from * roof.bandwidth], [to, to * roof.bandwidth]);
  }
  const labels = placeLabels(wishes, pixels(pick.points, x, y, false), width, height);
  // A roof too short for its label is left to the note.
  const labelled = rules.filter((rule) => labels.some((label) => label.text === rule.roof));
  return [{ points: pick.points, rules: labelled, labels },
    { x_domain: xDomain, y_domain: yDomain, x_values: logTicks(xDomain), y_values: logTicks(yDomain) }];
}

// Steps of 1, 2 or 5 from zero, about `most` of them.
function linearTicks(high, most) {
  const rough = high / most, decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * decade).find((one) => one >= rough);
  return Array.from({ length: Math.floor(high / step * (1 + 1e-9)) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

// The value stands at the end of its bar; where there is room, with the name of the series.
function barsData(chart, pick, width) {
  const names = new Map(pick.series), narrow = width < 500;
  const text = ({ s, tip }) => {
    const value = tip.split("\n")[0].slice(names.get(s).length + 2).replace(/^projected | \(not settled\)/g, "")
      .replace(/× (the best CPU backend|fewer \w+)/, "×").replace(/(?<=\]) .*$| \([^)]*\)$/, "").trim();
    return narrow ? value.replace(/ [A-Z]+\/s( per W)?/, "") : `${names.get(s)}: ${value}`;
  };
  const points = pick.points.map((p) => ({ ...p, text: text(p) }));
  const room = Math.max(...points.map((p) => measureText(p.text))) + 12;
  const share = Math.max(0.2, 1 - room / width);
  const [low, high] = extent(points.flatMap((p) => [p.lo, p.hi]));
  if (chart.spec !== "factors") {
    return [{ points, heads: pick.heads }, { rows: pick.rows, x_domain: [0, high / share], x_values: linearTicks(high, narrow ? 3 : 8) }];
  }
  const least = Math.min(low, 0.8) / 1.1, most = Math.max(high, 1.25);
  const domain = [least, least * (most / least) ** (1 / share)];
  return [{ points, heads: pick.heads }, { rows: pick.rows, x_domain: domain, x_values: logTicks([least, most], narrow ? 4 : 8) }];
}

function samplesData(spec, pick) {
  const points = [], medians = [], all = [];
  pick.rounds.forEach((times, r) => {
    times.forEach((y, i) => {
      const x = r + 1 - 0.36 + (times.length > 1 ? (0.72 * i) / (times.length - 1) : 0.36);
      points.push({ s: r, x, y, tip: `round ${r + 1}, sample ${i + 1}: ${y} ${pick.unit}` });
    });
    all.push(...times);
    if (times.length > 0) medians.push({ round: r + 1, y: median(times) });
  });
  // Logarithmic where a few slow samples would press the others together.
  const [low, high] = extent(all), log = low > 0 && high / low > 3;
  const pad = (high - low) * 0.05 || high * 0.01;
  const domain = log ? [low / 1.05, high * 1.05] : [Math.max(0, low - pad), high + pad];
  const count = 40;
  const edge = (i) => (log ? domain[0] * (domain[1] / domain[0]) ** (i / count) : domain[0] + ((domain[1] - domain[0]) * i) / count);
  const place = (y) => (log ? onLogScale(domain, count)(y) : ((y - domain[0]) / (domain[1] - domain[0])) * count);
  const bins = Array.from({ length: count }, (_, i) => ({ low: edge(i), high: edge(i + 1), n: 0 }));
  for (const y of all) bins[Math.min(count - 1, Math.max(0, Math.floor(place(y))))].n += 1;
  const scale = spec.scales.find((one) => one.name === "y");
  if (log) Object.assign(scale, { type: "log", zero: undefined });
  const rounds = pick.rounds.length, every = Math.ceil(rounds / 14);
  return [{ points, medians, bins },
    { rounds, y_domain: domain, y_values: log ? logTicks(domain) : null, most: Math.max(...bins.map((b) => b.n)), median: median(medians.map((m) => m.y)),
      x_values: Array.from({ length: rounds }, (_, i) => i + 1).filter((r) => (r - 1) % every === 0) }];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// `width`, `height`: of the drawing; `shared`: the range of y of all panels.
function specification(specs, chart, pick, width, height, shared) {
  const spec = structuredClone(specs[chart.spec]);
  if (chart.spec === "phases") {
    return { ...fill(spec, { points: pick.points }, { x_title: pick.x_title }), width };
  }
  spec.width = Math.max(120, width - spec.padding.left - spec.padding.right);
  spec.height = (chart.spec === "bars" || chart.spec === "factors" ? 19 * pick.rows : height - spec.padding.top - spec.padding.bottom);
  const [data, signals] = chart.spec === "roofline" ? rooflineData(pick, spec.width, spec.height, shared)
    : chart.spec === "samples" ? samplesData(spec, pick)
    : pick.heads ? barsData(chart, pick, spec.width)
    : linesData(chart, pick, spec.width, spec.height, shared);
  return fill(spec, data, { x_title: pick.x_title, y_title: pick.y_title, x_format: pick.x_format, ...signals });
}

// The range of y that all panels of a chart share; undefined where each has its own.
function sharedRange(chart) {
  if (!["lines", "advantage", "roofline"].includes(chart.spec)) return undefined;
  return extent(chart.picks.flatMap((pick) => yExtent(chart.spec === "roofline"
    ? { points: pick.points, rules: pick.roofs.filter((r) => r.gflops).map((r) => ({ y: r.gflops })) } : pick,
  chart.spec === "advantage" ? [1] : [])));
}
