// Places for the labels inside a chart, in pixels of the plot: no label overlaps another, and few cover a point.
"use strict";
const labelHeight = 13;
const measureText = (() => {
  const context = document.createElement("canvas").getContext("2d");
  return (text) => {
    context.font = "11px system-ui, sans-serif";
    return context.measureText(text).width + 4;
  };
})();

// Corners of a label: {text, x, y: baseline, align: "left" or "right", angle: degrees}.
function corners(label) {
  const width = measureText(label.text), angle = (label.angle * Math.PI) / 180;
  const left = label.align === "right" ? -width : 0;
  return [[left, -10], [left + width, -10], [left + width, labelHeight - 10], [left, labelHeight - 10]].map(([x, y]) => [
    label.x + x * Math.cos(angle) - y * Math.sin(angle), label.y + x * Math.sin(angle) + y * Math.cos(angle)]);
}

// Whether two convex polygons overlap: no edge of either separates them.
function overlap(a, b) {
  const separates = ([x0, y0], [x1, y1]) => {
    const along = ([x, y]) => (x - x0) * (y1 - y0) - (y - y0) * (x1 - x0);
    const [ofA, ofB] = [a.map(along), b.map(along)];
    return Math.max(...ofA) <= Math.min(...ofB) || Math.max(...ofB) <= Math.min(...ofA);
  };
  const edges = (polygon) => polygon.map((corner, i) => [corner, polygon[(i + 1) % polygon.length]]);
  return ![...edges(a), ...edges(b)].some(([from, to]) => separates(from, to));
}

// `wishes`: for each label its possible places, each with its distance from what it names. `points`: what should stay
// visible; a place farther away must cover fewer.
function placeLabels(wishes, points, width, height) {
  const placed = [];
  for (const places of wishes) {
    let best = null;
    for (const label of places) {
      const polygon = corners(label);
      if (polygon.some(([x, y]) => x < 0 || x > width || y < -1 || y > height)) continue;
      if (placed.some((other) => overlap(polygon, other.polygon))) continue;
      const covered = points.filter(([x, y]) => overlap(polygon, [[x - 5, y - 5], [x + 5, y - 5], [x + 5, y + 5], [x - 5, y + 5]])).length;
      const cost = covered + (label.away ?? 0) / 8;
      if (!best || cost < best.cost) best = { label, polygon, cost };
    }
    if (best) placed.push(best);
  }
  return placed.map(({ label }) => label);
}

// Above or below a horizontal line from x0 to x1, at either end or in the middle; farther away if there is no room.
function placesAtLine(text, x0, x1, y) {
  const places = [];
  for (const dy of [-4, 13, -18, 27, -32, 41, -46, 55]) {
    const away = Math.max(-dy - 4, dy - 13, 0), at = (x, align, far) => places.push({ text, x, y: y + dy, align, angle: 0, away: away + far });
    at(x1 - 4, "right", 0);
    at(x0 + 4, "left", 0);
    at((x0 + x1 + measureText(text)) / 2, "right", 0);
    at(x1 + 6, "left", 8);
    at(x0 - 6, "right", 8);
  }
  return places;
}

// Beside a vertical line, near the top.
function placesAtMark(text, x, height) {
  const places = [];
  for (let y = 12; y < height; y += 14) places.push({ text, x: x + 4, y, align: "left", angle: 0 }, { text, x: x - 4, y, align: "right", angle: 0 });
  return places;
}

// Along a line from (x0, y0) to (x1, y1).
function placesAlong(text, [x0, y0], [x1, y1]) {
  const length = Math.hypot(x1 - x0, y1 - y0), angle = Math.atan2(y1 - y0, x1 - x0), width = measureText(text);
  const places = [];
  for (const away of [-5, 14]) {
    for (let along = 6; along + width <= length; along += 24) {
      places.push({ text, align: "left", angle: (angle * 180) / Math.PI,
        x: x0 + along * Math.cos(angle) - away * Math.sin(angle), y: y0 + along * Math.sin(angle) + away * Math.cos(angle) });
    }
  }
  return places;
}
