// The answering end: express-pouchdb with the documents of a file, in a folder. Prints its port.
"use strict";
const express = require("express");
const fs = require("fs");
const PouchDB = require("pouchdb");

async function main(folder, file) {
  const Stored = PouchDB.defaults({ prefix: folder + "/" });
  const documents = JSON.parse(fs.readFileSync(file, "utf-8"));
  const database = new Stored("records");
  for (let start = 0; start < documents.length; start += 5000) {
    await database.bulkDocs(documents.slice(start, start + 5000));
  }
  const application = express();
  application.use("/", require("express-pouchdb")(Stored, { mode: "minimumForPouchDB", inMemoryConfig: true,
    logPath: folder + "/log.txt" }));
  const server = application.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
}

main(process.argv[2], process.argv[3]);
