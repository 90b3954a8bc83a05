// The asking end: reads commands as lines of JSON, and answers each with a line.
"use strict";
const readline = require("readline");
const PouchDB = require("pouchdb");

const [folder, url] = process.argv.slice(2);
const here = new PouchDB(folder + "/here");
let live = null;

async function changed(database, count, mark) {
  const found = (await database.allDocs({ limit: count, include_docs: true })).rows;
  for (const row of found) {
    await database.put({ ...row.doc, comments: mark });
  }
  return found.map((row) => row.id);
}

const commands = {
  // Everything once, as a run does.
  pull: () => here.replicate.from(url),
  both: () => here.sync(url),
  count: async () => (await here.info()).doc_count,
  change: ({ count, mark }) => changed(here, count, mark),
  // As soon as something changes, in both directions.
  live: () => {
    live = here.sync(url, { live: true, retry: true });
    return true;
  },
  wait: async ({ id, comments }) => {
    for (;;) {
      const found = await here.get(id);
      if (found.comments === comments) return Date.now() / 1000;
      await new Promise((after) => setTimeout(after, 20));
    }
  },
  stop: () => {
    if (live) live.cancel();
    return true;
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const asked = JSON.parse(line);
  const began = Date.now();
  try {
    const value = await commands[asked.what](asked);
    const told = asked.what === "pull" || asked.what === "both" ? true : value;
    console.log(JSON.stringify({ seconds: (Date.now() - began) / 1000, value: told }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
});
