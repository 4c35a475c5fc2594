// What page_test.mjs expects of charts, tables and pages of several files.

// Corners of every text inside a chart, in pixels of the page; turned texts keep their angle.
function findOverlappingLabels() {
  const corners = (node) => {
    const box = node.getBBox(), matrix = node.getScreenCTM();
    return [[box.x, box.y], [box.x + box.width, box.y], [box.x + box.width, box.y + box.height], [box.x, box.y + box.height]]
      .map(([x, y]) => { const p = new DOMPoint(x, y).matrixTransform(matrix); return [p.x, p.y]; });
  };
  const separated = (a, b) => [...a.map((p, i) => [p, a[(i + 1) % 4]]), ...b.map((p, i) => [p, b[(i + 1) % 4]])].some(([p, q]) => {
    const along = ([x, y]) => ((x - p[0]) * (q[1] - p[1]) - (y - p[1]) * (q[0] - p[0])) / Math.hypot(q[0] - p[0], q[1] - p[1]);
    const [ofA, ofB] = [a.map(along), b.map(along)];
    return Math.min(Math.max(...ofA) - Math.min(...ofB), Math.max(...ofB) - Math.min(...ofA)) <= 1.5;
  });
  const found = [];
  for (const svg of document.querySelectorAll("figure svg.marks")) {
    const texts = [...svg.querySelectorAll("text")].filter((t) => t.textContent && t.getAttribute("opacity") !== "0" && t.checkVisibility());
    const polygons = texts.map(corners), box = svg.getBoundingClientRect();
    polygons.forEach((polygon, i) => {
      if (polygon.some(([x, y]) => x < box.left - 1 || x > box.right + 1 || y < box.top - 1 || y > box.bottom + 1)) found.push(`cut off: ${texts[i].textContent}`);
      for (let j = 0; j < i; ++j) if (!separated(polygon, polygons[j])) found.push(`${texts[j].textContent} / ${texts[i].textContent}`);
    });
  }
  return found;
}

export async function checkCharts(tab, where, expect) {
  const overlaps = await tab.evaluate(findOverlappingLabels);
  expect(overlaps.length === 0, `${where}: labels of charts do not overlap ${overlaps.slice(0, 3).join("; ")}`);
  const empty = await tab.evaluate(() => [...document.querySelectorAll("figure")].filter((f) => !f.querySelector("svg.marks :is(.mark-symbol, .mark-rect) path")).map((f) => f.id));
  expect(empty.length === 0, `${where}: every chart is drawn without scrolling ${empty.join(" ")}`);
  const roofs = await tab.evaluate(() => [...document.querySelectorAll("#roofline svg.marks")].map((svg) =>
    [svg.querySelectorAll(".mark-line path").length, [...svg.querySelectorAll(".mark-text.role-mark text")].filter((t) => /, \d+ threads?$/.test(t.textContent)).length]));
  expect(roofs.every(([lines, labels]) => lines > 1 && lines === labels), `${where}: every roof has its name and threads ${JSON.stringify(roofs)}`);
  const thin = await tab.evaluate(() => [...document.querySelectorAll("#speed .panel, #bandwidth .panel, #advantage .panel")]
    .filter((panel) => new Set([...panel.querySelectorAll(".mark-symbol path")].map((p) => p.__data__.datum.x)).size < 3).length);
  expect(thin === 0, `${where}: no line through fewer than three sizes`);
}

export async function checkTables(tab, where, view, expect) {
  if (view.media === "print") return;
  await tab.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  const wide = await tab.evaluate(() => [...document.querySelectorAll(".scroll")].filter((s) => s.scrollWidth > s.clientWidth + 1)
    .map((s) => `${s.getAttribute("aria-label")} (${s.scrollWidth - s.clientWidth} px)`));
  if (view.width >= 1280) expect(wide.length === 0, `${where}: tables fit ${wide.slice(0, 3).join("; ")}`);
  const outside = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(outside <= 0, `${where}: no horizontal overflow with all tables open (${outside} px)`);
  const moved = await tab.evaluate(() => [...document.querySelectorAll(".scroll")].filter((scroller) => {
    const cell = scroller.querySelector("tbody tr > *");
    const before = cell.getBoundingClientRect().left;
    scroller.scrollLeft = 200;
    const after = cell.getBoundingClientRect().left;
    scroller.scrollLeft = 0;
    return Math.abs(after - before) > 1;
  }).length);
  expect(moved === 0, `${where}: the first column stays while a table is scrolled`);
  const unreadable = await tab.evaluate(() => [...document.querySelectorAll(".scroll")].filter((s) => s.querySelector("thead .key")?.offsetWidth > 0.55 * s.clientWidth).length);
  expect(unreadable === 0, `${where}: the fixed column leaves room for values`);
}

// Labels that want the same place are placed apart; one without another place is left out.
export async function checkLabelPlaces(tab, expect) {
  const [overlapping, count] = await tab.evaluate(() => {
    const wish = (text) => placesAtLine(text, 0, 400, 60);
    const placed = placeLabels([wish("one ceiling"), wish("another ceiling")], [], 400, 120).map(corners);
    return [placed.length === 2 && overlap(...placed), placed.length];
  });
  expect(count === 2 && !overlapping, `labels of equal ceilings are placed apart (${count} placed)`);
  const same = await tab.evaluate(() => {
    const place = { text: "a label", x: 10, y: 20, align: "left", angle: 0 };
    return placeLabels([[place], [place]], [], 400, 120).length;
  });
  expect(same === 1, `a label without room is left out (${same} placed)`);
}

// Every point of a chart is shown by the arrow keys.
export async function checkKeyboard(tab, expect) {
  for (const id of ["speed", "speed-bars", "roofline", "training"]) {
    const canvas = tab.locator(`#${id} .chart`).first();
    const tips = await canvas.evaluate((node) => [...node.querySelectorAll(".mark-symbol path, .mark-rect path")].map((p) => p.__data__?.datum?.tip).filter(Boolean));
    await canvas.focus();
    const seen = new Set();
    for (let i = 0; i < tips.length; ++i) {
      await tab.keyboard.press("ArrowRight");
      seen.add(await tab.locator("#tip").textContent());
    }
    expect(tips.length > 0 && tips.every((tip) => seen.has(tip)), `#${id}: arrow keys reach all ${tips.length} points (${seen.size})`);
    await tab.keyboard.press("ArrowUp");
    expect(await tab.locator("#tip").isVisible() && await canvas.locator(".current").count() === 1, `#${id}: the point is marked`);
    await tab.keyboard.press("Escape");
    expect(!(await tab.locator("#tip").isVisible()), `#${id}: Escape hides the value`);
  }
}

export async function checkSeveralFiles(tab, view, expect) {
  const where = `several files at ${view.name}`;
  if (view.name === "phone") {
    const height = await tab.evaluate(() => {
      document.querySelectorAll("details").forEach((details) => { details.open = false; });
      return document.documentElement.scrollHeight;
    });
    expect(height < 12000, `${where}: folded, the page is ${height} px long`);
  }
  expect(await tab.locator(".lede").count() === 1, `${where}: one answer`);
  const blank = await tab.evaluate(() => [...document.querySelectorAll("#tables tbody tr")].filter((row) => {
    const cells = [...row.querySelectorAll("td:not(.label)")].filter((cell) => !cell.classList.contains("left"));
    return cells.length > 3 && cells.filter((cell) => cell.textContent.trim() === "").length > cells.length / 2;
  }).length);
  expect(blank === 0, `${where}: no row is mostly blank (${blank})`);
  const claims = await tab.evaluate(() => [...document.querySelectorAll("#claims tbody th")].map((cell) => cell.textContent));
  expect(claims.length > 0 && new Set(claims).size === claims.length, `${where}: each claim is one row`);
  const first = await tab.evaluate(() => document.querySelector("#claims .verdict")?.textContent);
  const folded = await tab.evaluate(() => [...document.querySelectorAll("#claims .verdict.not")].every((cell) => cell.closest("details")));
  expect(first !== "not measured" && folded, `${where}: decided claims first, the others folded`);
  const marks = await tab.evaluate(() => [...document.querySelectorAll("#bandwidth svg text")].map((t) => t.textContent));
  expect(["L1 384 KiB", "L2 8.00 MiB", "L3 32.0 MiB"].every((mark) => marks.includes(mark)) || view.name === "phone", `${where}: cache levels are marked`);
}
