// Charts with axes (uPlot) in place of the bars that the server drew. The values under the pointer are
// in the legend; a click or a selection leads to the records of that time.
"use strict";

document.querySelectorAll("figure[data-chart]").forEach(draw);

function draw(figure) {
  const data = JSON.parse(figure.dataset.chart);
  const shown = data.series.filter((s) => s.values.some((v) => v) || data.series.length === 1);
  const count = (data.at || data.names).length;
  if (!count || !shown.length) return;
  const plot = document.createElement("div");
  const tip = document.createElement("span");
  plot.className = "plot";
  tip.className = "tip";
  tip.hidden = true;
  plot.append(tip);
  figure.querySelector("svg").replaceWith(plot);
  figure.classList.add("live");
  const chart = new uPlot(options(figure, data, shown, tip), [xs(data), ...stacked(shown)], plot);
  new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height: 180 })).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
}

function xs(data) {
  return data.at || data.names.map((_, n) => n);
}

// Each series is drawn with those below it; the tallest first, so that the lower ones lie over it.
function stacked(series) {
  const sums = series.map((_, n) =>
    series[n].values.map((_, i) => series.slice(0, n + 1).reduce((sum, s) => sum + s.values[i], 0)));
  return sums.reverse();
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

function options(figure, data, shown, tip) {
  const time = Boolean(data.at);
  const wide = time ? data.step : 1;
  const last = xs(data).at(-1);
  const axis = { stroke: () => colour("faint"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { stroke: () => colour("line") } };
  const bars = uPlot.paths.bars({ size: [0.9, 60], align: 1 });
  return {
    width: figure.clientWidth,
    height: 180,
    legend: { show: false },
    tzDate: data.zone ? (at) => uPlot.tzDate(new Date(at * 1000), data.zone) : undefined,
    scales: {
      x: { time, range: (_, from) => [Math.min(from, xs(data)[0]), last + wide] },
      y: { range: (_, __, most) => [0, data.most || most || 1] },
    },
    axes: [
      { ...axis, ...(time ? clock(data) : { values: (_, at) => at.map((n) => data.names[n] || ""), incrs: [1, 2, 5, 10, 20, 50] }) },
      { ...axis, size: 56 },
    ],
    series: [{}, ...shown.map((s) => ({ paths: bars, fill: () => colour(s.name), stroke: () => colour(s.name), width: 0, points: { show: false } })).reverse()],
    cursor: { y: false, drag: { x: Boolean(figure.dataset.to), y: false, setScale: false } },
    hooks: {
      setCursor: [(chart) => showValues(figure, data, shown, tip, at(chart, data, wide))],
      drawAxes: [(chart) => drawMarks(chart, data.marks || [])],
      setSelect: [(chart) => zoom(figure, data, chart)],
      ready: [(chart) => chart.over.addEventListener("click", () => openBar(figure, data, at(chart, data, wide)))],
    },
  };
}

function clock(data) {
  const day = { month: "numeric", day: "numeric" };
  const hour = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const long = data.at.at(-1) - data.at[0] > 36 * 3600;
  return {
    space: 96,
    values: (_, splits, __, ___, step) => splits.map((at) => {
      const how = step >= 86400 ? day : long ? { ...day, ...hour } : hour;
      return new Date(at * 1000).toLocaleString(document.documentElement.lang, { ...how, timeZone: data.zone });
    }),
  };
}

// The bar under the pointer, not the nearest edge of one.
function at(chart, data, wide) {
  if (chart.cursor.left === undefined || chart.cursor.left < 0) return null;
  const x = chart.posToVal(chart.cursor.left, "x");
  const n = Math.floor((x - xs(data)[0]) / wide);
  return n >= 0 && n < xs(data).length ? n : null;
}

function showValues(figure, data, shown, tip, n) {
  tip.hidden = n === null;
  const name = n === null ? "" : data.at ? dayOf(data, n) : data.names[n];
  const values = shown.map((s) => (n === null ? "" : s.values[n]));
  tip.textContent = n === null ? "" : name;
  shown.forEach((s, i) => {
    const place = figure.querySelector(`[data-series="${s.name}"] b`);
    if (place) place.textContent = typeof values[i] === "number" ? +values[i].toFixed(3) : "";
  });
}

function dayOf(data, n) {
  const how = { timeZone: data.zone, dateStyle: "medium", timeStyle: data.step < 86400 ? "short" : undefined };
  return new Date(data.at[n] * 1000).toLocaleString(document.documentElement.lang, how);
}

function drawMarks(chart, marks) {
  const pen = chart.ctx;
  pen.save();
  pen.strokeStyle = colour("policy");
  pen.setLineDash([4, 3]);
  for (const mark of marks) {
    const x = chart.valToPos(mark.at, "x", true);
    pen.beginPath();
    pen.moveTo(x, chart.bbox.top);
    pen.lineTo(x, chart.bbox.top + chart.bbox.height);
    pen.stroke();
  }
  pen.restore();
}

function zoom(figure, data, chart) {
  const { left, width } = chart.select;
  if (width < 5 || !data.at) return;
  go(figure, chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
}

function openBar(figure, data, n) {
  if (n !== null && data.at && figure.dataset.to) go(figure, data.at[n], data.at[n] + data.step);
}

function go(figure, from, to) {
  const iso = (at) => new Date(Math.round(at) * 1000).toISOString().slice(0, 19) + "Z";
  const join = figure.dataset.to.endsWith("?") ? "" : "&";
  location.assign(`${figure.dataset.to}${join}since=${iso(from)}&until=${iso(to)}`);
}
