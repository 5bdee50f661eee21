// What another threshold would have done, and whether probabilities keep their word.

import { moment, number, percent } from "/desk/assets/text.js";

import { act, administrator, call, countDrafts, empty, fill, has, head, hear, make, panel, select, t, table, view } from "./parts.js";
import { axes, band, BOX, legend, line, scaleX, scaleY, svg } from "./plot.js";
import { on } from "./stream.js";

const days = select(["7", "30", "90"].map((each) => [each, t("figures.days", { count: each })]), "30", { "aria-label": t("figures.period") });
const simulator = make("div", { class: "stack", id: "simulator" });
const calibration = make("div", { class: "stack", id: "calibration" });
view.append(head(t("figures.title"), t("figures.hint"), days));
if (has("simulate")) view.append(panel(t("simulator.title"), t("simulator.hint"), simulator));
if (has("calibration")) view.append(panel(t("calibration.title"), t("calibration.hint"), calibration));

const simulate = () => fill(simulator, async () => {
  const { points, now, judged } = await call("GET", `/api/console/simulate?days=${days.value}`);
  const asked = points[0]?.asked;
  if (!asked) return empty("chart", t("simulator.none"), t("simulator.none_hint"));
  return [...draw([...points].sort((a, b) => a.threshold - b.threshold), now.threshold, asked), make("p", { class: "hint" }, t("simulator.judged", { feedback: number(judged.feedback ?? 0), golden: number(judged.golden ?? 0) }))];
});

function draw(points, now, asked) {
  const share = (each) => each.answered / asked;
  const nearest = (value) => points.reduce((best, each, at) => (Math.abs(each.threshold - value) < Math.abs(points[best].threshold - value) ? at : best), 0);
  let at = nearest(now);
  const handle = svg("line", { class: "handle-line", y1: scaleY(1), y2: scaleY(0) });
  const knob = svg("circle", { class: "knob", cy: scaleY(1), r: 8 });
  const plot = svg("svg", { class: "chart", viewBox: `0 0 ${BOX.width} ${BOX.height}`, "aria-hidden": "true" },
    ...axes(t("simulator.threshold"), (each) => percent(each)), band(points.filter(({ wrong }) => wrong.share !== null).map((each) => [each.threshold, each.wrong.low, each.wrong.high]), "wrong"),
    line(points.map((each) => [each.threshold, share(each)]), "answered"), line(points.filter(({ wrong }) => wrong.share !== null).map((each) => [each.threshold, each.wrong.share]), "wrong"),
    svg("line", { class: "now", x1: scaleX(now), x2: scaleX(now), y1: scaleY(1), y2: scaleY(0) }), handle, knob);
  const slider = make("input", { type: "range", min: 0, max: points.length - 1, step: 1, value: at, class: "threshold", "aria-label": t("simulator.threshold") });
  const tiles = make("div", { class: "tiles", role: "status", "aria-live": "polite" });
  const tile = (label, value, hint, difference) => make("section", { class: "tile" }, make("h3", {}, label), make("p", { class: "big" }, value), make("p", { class: "hint" }, hint, difference ? make("strong", {}, ` ${difference}`) : null));
  const signed = (value) => (value ? number(value, { signDisplay: "exceptZero" }) : "");

  function show() {
    const each = points[at];
    const base = points[nearest(now)];
    const x = scaleX(each.threshold);
    for (const [node, names] of [[handle, ["x1", "x2"]], [knob, ["cx"]]]) for (const name of names) node.setAttribute(name, x);
    slider.value = at;
    slider.setAttribute("aria-valuetext", t("simulator.spoken", { threshold: percent(each.threshold), answered: percent(share(each)) }));
    tiles.replaceChildren(
      tile(t("simulator.threshold"), percent(each.threshold), each === base ? t("simulator.is_now") : t("simulator.now", { threshold: percent(now) })),
      tile(t("simulator.answered"), percent(share(each)), t("simulator.of", { count: number(each.answered), total: number(asked) }), signed(each.answered - base.answered)),
      tile(t("simulator.wrong"), each.wrong.share === null ? "–" : percent(each.wrong.share), each.wrong.share === null ? t("simulator.unknown") : t("simulator.between", { low: percent(each.wrong.low), high: percent(each.wrong.high) })),
      ...["tickets", "callbacks", "sla"].map((name) => tile(t(`simulator.${name}`), number(each[name]), t("simulator.per_period"), signed(each[name] - base[name]))));
  }
  slider.addEventListener("input", () => {
    at = Number(slider.value);
    show();
  });
  const drag = (event) => {
    const { left, width } = plot.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * BOX.width;
    at = nearest((x - BOX.left) / (BOX.width - BOX.left - BOX.right));
    show();
  };
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    drag(event);
    slider.focus({ preventScroll: true });
  });
  plot.addEventListener("pointermove", (event) => plot.hasPointerCapture(event.pointerId) && drag(event));
  show();
  return [tiles, make("div", { class: "chart-box" }, plot, slider), legend([["answered", t("simulator.answered")], ["wrong", t("simulator.wrong_band")], ["now", t("simulator.now_line")]]),
    make("details", {}, make("summary", {}, t("figures.table")), table(t("simulator.title"), [t("simulator.threshold"), t("simulator.answered"), t("simulator.wrong"), t("simulator.tickets"), t("simulator.callbacks"), t("simulator.sla")],
      points.map((each) => [percent(each.threshold), `${percent(share(each))} (${number(each.answered)})`, each.wrong.share === null ? "–" : `${percent(each.wrong.share)} (${percent(each.wrong.low)} – ${percent(each.wrong.high)})`, number(each.tickets), number(each.callbacks), number(each.sla)])))];
}

const calibrate = () => fill(calibration, async () => {
  const { bins, stated, observed, alarm } = await call("GET", "/api/console/calibration");
  const filled = bins.filter(({ count }) => count);
  const said = ({ mean }) => mean;
  const notice = alarm ? make("div", { class: "notice bad", role: "alert" }, t("calibration.alarm", { since: moment(alarm.since), threshold: percent(alarm.threshold) }), " ", administrator ? act("retry", t("calibration.reset"), async () => {
    await call("POST", "/api/console/calibration", { state: "reset" });
    await Promise.all([calibrate(), simulate()]);
  }, { class: "button small" }) : null) : make("p", { class: "notice good" }, t("calibration.fine"));
  if (!filled.length) return [notice, empty("chart", t("calibration.none"), t("calibration.none_hint"))];
  const bound = (value) => (value === null ? "–" : percent(value));
  const plot = svg("svg", { class: "chart", viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img", "aria-label": t("calibration.plot", { count: filled.length }) },
    ...axes(t("calibration.stated"), (each) => percent(each)), svg("line", { class: "ideal", x1: scaleX(0), y1: scaleY(0), x2: scaleX(1), y2: scaleY(1) }),
    ...filled.flatMap((each) => {
      const { share, low, high } = each;
      return [svg("line", { class: "whisker", x1: scaleX(said(each)), x2: scaleX(said(each)), y1: scaleY(low), y2: scaleY(high) }), svg("circle", { class: "point", cx: scaleX(said(each)), cy: scaleY(share), r: 5 })];
    }));
  return [notice, make("p", {}, t("calibration.summary", { stated: bound(stated), observed: bound(observed.share) })), make("div", { class: "chart-box" }, plot), legend([["point", t("calibration.observed")], ["ideal", t("calibration.ideal")]]),
    make("details", {}, make("summary", {}, t("figures.table")), table(t("calibration.title"), [t("calibration.stated"), t("calibration.observed"), t("calibration.count")], filled.map((each) => {
      const { share, low, high, count } = each;
      return [percent(said(each)), `${percent(share)} (${percent(low)} – ${percent(high)})`, number(count)];
    })))];
});

days.addEventListener("change", simulate);
hear({}, []);
on("calibration", () => {
  calibrate();
  simulate();
});
if (has("simulate")) simulate();
if (has("calibration")) calibrate();
countDrafts();
