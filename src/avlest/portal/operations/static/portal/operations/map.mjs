// SPDX-License-Identifier: Apache-2.0
// The map of meters: clusters that open, a shape and a colour for each state, a plain ground without tiles.
// Comfort only: the list below it has the same meters with the same filters.
const frame = document.querySelector("[data-map]");
const words = JSON.parse(document.getElementById("map-words").textContent);
const paths = JSON.parse(document.getElementById("map-shapes").textContent);
const STAGES = Object.keys(paths);
const RATIO = 2;

const token = (name) => getComputedStyle(document.body).getPropertyValue(`--ds-color-${name}`).trim() || "#555";
const colours = () => ({
  not_delivered: token("neutral-border-default"), delivered: token("neutral-text-subtle"),
  received: token("success-base-default"), silent: token("warning-border-default"), alarm: token("danger-base-default"),
  ground: token("neutral-surface-tinted"), paper: token("neutral-background-default"), ink: token("neutral-text-default"),
  line: token("neutral-border-default"),
});

function draw(size, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * RATIO;
  // Kept in memory: to read a picture back from the graphics card costs more than all the drawing.
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.scale(RATIO, RATIO);
  paint(pen);
  return pen.getImageData(0, 0, size * RATIO, size * RATIO);
}

// One meter: the same path as in the list, on a disc of paper so that it stands out on any ground.
const drawStage = (stage, colour) => draw(24, (pen) => {
  pen.translate(4, 4);
  const path = new Path2D(paths[stage]);
  pen.lineJoin = "round";
  pen.strokeStyle = colour.paper; pen.lineWidth = 5; pen.stroke(path);
  const isHollow = stage === "delivered" || stage === "not_delivered";
  pen.fillStyle = isHollow ? colour.paper : colour[stage]; pen.fill(path);
  pen.strokeStyle = colour[stage]; pen.lineWidth = isHollow ? 2.5 : 1;
  if (stage === "not_delivered") pen.setLineDash([3, 2]);
  pen.stroke(path);
});

// Many meters: how many, and the worst state among them as a ring and a small shape.
const drawCluster = (count, worst, colour) => draw(52, (pen) => {
  const radius = Math.min(22, 13 + 2.2 * Math.log10(count) * 1.6);
  pen.beginPath(); pen.arc(26, 26, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour.paper; pen.fill();
  pen.lineWidth = 3; pen.strokeStyle = colour[worst]; pen.stroke();
  pen.fillStyle = colour.ink; pen.textAlign = "center"; pen.textBaseline = "middle";
  pen.font = "600 12px Inter, system-ui, sans-serif";
  pen.fillText(count > 9999 ? `${Math.round(count / 1000)}k` : String(count), 26, 26.5);
  if (worst === "alarm" || worst === "silent") {
    pen.translate(26 + radius * .45, 26 - radius - 3);
    pen.scale(.8, .8);
    const path = new Path2D(paths[worst]);
    pen.lineJoin = "round"; pen.strokeStyle = colour.paper; pen.lineWidth = 4; pen.stroke(path);
    pen.fillStyle = colour[worst]; pen.fill(path);
  }
});

const drawGateway = (colour) => draw(24, (pen) => {
  pen.strokeStyle = colour.paper; pen.lineWidth = 5; pen.lineCap = "round";
  for (const width of [5, 2]) {
    pen.lineWidth = width; pen.strokeStyle = width === 5 ? colour.paper : colour.ink;
    pen.beginPath(); pen.moveTo(12, 21); pen.lineTo(12, 10); pen.moveTo(7, 21); pen.lineTo(17, 21);
    pen.moveTo(7.5, 12.5); pen.arc(12, 8, 6.2, 2.36, 3.93); pen.moveTo(16.5, 3.5); pen.arc(12, 8, 6.2, -.79, .79); pen.stroke();
  }
});

const drawName = (text, colour) => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "600 13px Inter, system-ui, sans-serif";
  const size = Math.ceil(pen.measureText(text).width) + 12;
  return draw(size, (brush) => {
    brush.translate(0, size / 2 - 12);
    brush.font = pen.font; brush.textAlign = "center"; brush.textBaseline = "middle"; brush.lineJoin = "round";
    brush.strokeStyle = colour.ground; brush.lineWidth = 4; brush.strokeText(text, size / 2, size / 2);
    brush.fillStyle = colour.ink; brush.fillText(text, size / 2, size / 2);
  });
};

// The area of a zone: the smallest convex shape around its meters (Andrew's monotone chain).
function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (list) => list.reduce((chain, point) => {
    while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
    return [...chain, point];
  }, []).slice(0, -1);
  return [...half(sorted), ...half(sorted.reverse())];
}

function makeZones(data) {
  const byZone = new Map();
  for (const feature of data.features) {
    const zone = feature.properties.z;
    if (zone && !byZone.has(zone)) byZone.set(zone, []);
    if (zone) byZone.get(zone).push(feature);
  }
  const features = [];
  for (const [zone, members] of byZone) {
    const ring = hull(members.map((f) => f.geometry.coordinates));
    if (ring.length < 3) continue;
    const edge = (axis, choose) => choose(...ring.map((point) => point[axis]));
    const middle = [(edge(0, Math.min) + edge(0, Math.max)) / 2, edge(1, Math.max)];
    features.push({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[...ring, ring[0]]] } });
    features.push({ type: "Feature", properties: { name: data.zones[zone] ?? "" }, geometry: { type: "Point", coordinates: middle } });
  }
  return { type: "FeatureCollection", features };
}

const count = (stage) => ["+", ["case", ["==", ["get", "s"], STAGES.indexOf(stage)], 1, 0]];
const worst = ["case", [">", ["get", "alarms"], 0], "alarm", [">", ["get", "silent"], 0], "silent", "received"];

function makeStyle(colour) {
  const style = { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": colour.ground } }] };
  if (frame.dataset.tiles) {
    style.sources.tiles = { type: "raster", tiles: [frame.dataset.tiles], tileSize: 256, maxzoom: 18, attribution: frame.dataset.source };
    style.layers.push({ id: "tiles", type: "raster", source: "tiles" });
  }
  return style;
}

function addMeters(map, data) {
  map.addSource("meters", {
    type: "geojson", data, cluster: true, clusterRadius: 44, clusterMaxZoom: 16,
    clusterProperties: { alarms: count("alarm"), silent: count("silent") },
  });
  map.addLayer({ id: "meters", type: "symbol", source: "meters", filter: ["!", ["has", "point_count"]], layout: { "icon-image": ["concat", "stage|", ["to-string", ["get", "s"]]], "icon-allow-overlap": true, "symbol-sort-key": ["get", "s"] } });
  map.addLayer({ id: "clusters", type: "symbol", source: "meters", filter: ["has", "point_count"], layout: { "icon-image": ["concat", "cluster|", ["to-string", ["get", "point_count"]], "|", worst], "icon-allow-overlap": true } });
}

function addGround(map, data, colour) {
  const add = (layer) => map.addLayer(layer, "meters");
  map.addSource("zones", { type: "geojson", data: makeZones(data) });
  add({ id: "zones", type: "fill", source: "zones", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour.paper, "fill-opacity": .55, "fill-antialias": false } });
  add({ id: "zone-edges", type: "line", source: "zones", filter: ["==", ["geometry-type"], "Polygon"], paint: { "line-color": colour.line, "line-dasharray": [3, 2] } });
  add({ id: "zone-names", type: "symbol", source: "zones", filter: ["==", ["geometry-type"], "Point"], layout: { "icon-image": ["concat", "name|", ["get", "name"]], "icon-anchor": "bottom", "icon-allow-overlap": true } });
  map.addSource("gateways", { type: "geojson", data: data.gateways });
  add({ id: "gateways", type: "symbol", source: "gateways", minzoom: 13, layout: { "icon-image": "gateway|", "icon-allow-overlap": true } });
}

function addImages(map, colour) {
  map.setMissingStyleImageResolver(async (id) => {
    const [kind, one, other] = id.split("|");
    const image = kind === "stage" ? drawStage(STAGES[one], colour) : kind === "cluster" ? drawCluster(Number(one), other, colour)
      : kind === "gateway" ? drawGateway(colour) : kind === "name" ? drawName(one, colour) : null;
    if (image && !map.hasImage(id)) map.addImage(id, image, { pixelRatio: RATIO });
  });
}

function addClicks(map, library) {
  map.on("click", "clusters", async ({ features: [cluster] }) => {
    const zoom = await map.getSource("meters").getClusterExpansionZoom(cluster.properties.cluster_id);
    map.easeTo({ center: cluster.geometry.coordinates, zoom });
  });
  map.on("click", "meters", async ({ features: [meter] }) => {
    const answer = await fetch(frame.dataset.meter.replace("/0/", `/${meter.id}/`), { headers: { "HX-Request": "true" } });
    if (answer.ok) new library.Popup({ maxWidth: "20rem", locale: {} }).setLngLat(meter.geometry.coordinates).setHTML(await answer.text()).addTo(map);
  });
  map.on("click", "gateways", ({ features: [gateway] }) => {
    new library.Popup().setLngLat(gateway.geometry.coordinates).setText(gateway.properties.name).addTo(map);
  });
  for (const layer of ["clusters", "meters", "gateways"]) {
    map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }
}

// The points come as columns: features are made of them here, which is a third of the bytes and faster than JSON of each.
function unpack({ id, x, y, s, z, ...rest }) {
  const features = id.map((number, at) => ({
    type: "Feature", id: number, geometry: { type: "Point", coordinates: [x[at] / 1e6, y[at] / 1e6] },
    properties: { s: Number(s[at]), z: z[at] },
  }));
  return { ...rest, type: "FeatureCollection", features };
}

const happens = (map, event) => new Promise((done) => { map.once(event, done); });

async function open() {
  const coming = fetch(frame.dataset.points).then((answer) => answer.json()).then(unpack);
  const library = await import(frame.dataset.library);
  // Its worker starts while the graphics are made ready.
  library.prewarm();
  const colour = colours();
  const bounds = frame.dataset.bounds ? frame.dataset.bounds.split(",").map(Number) : [4, 57.5, 31.5, 71.5];
  // Without the data yet: the map gets itself ready while it comes.
  const map = new library.Map({
    container: frame.querySelector(".map"), style: makeStyle(colour), bounds, fitBoundsOptions: { padding: 48, maxZoom: 16 },
    attributionControl: frame.dataset.tiles ? { compact: true } : false, fadeDuration: 0,
    dragRotate: false, pitchWithRotate: false, locale: words, cooperativeGestures: window.matchMedia("(pointer: coarse)").matches,
  });
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.ScaleControl(), "bottom-left");
  addImages(map, colour);
  frame.querySelector(".map-note").hidden = true;
  window.avlestMap = map;
  const [data] = await Promise.all([coming, happens(map, "style.load")]);
  // Meters first, and what can be done with them; what lies under them when they stand there.
  addMeters(map, data);
  addClicks(map, library);
  await happens(map, "idle");
  frame.dataset.ready = String(Math.round(performance.now()));
  addGround(map, data, colour);
}

open().catch((error) => {
  frame.dataset.failed = String(error);
  frame.querySelector(".map-note").textContent = frame.dataset.failure;
  frame.querySelector(".map-note").hidden = false;
});
