// Groups all requests of a directory of JSON logs with DuckDB, as somebody would in SQL: node logs.mjs DIRECTORY
import { DuckDBInstance } from "@duckdb/node-api";

const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
// Lines that are no JSON are skipped; the columns are given, so that nothing is guessed from a sample first.
const result = await connection.runAndReadAll(`
  SELECT count(*) AS requests, sum(lines) AS lines, count(*) FILTER (errors > 0 OR NOT list_contains(events, 'email_sent')) AS anomalous
  FROM (SELECT trace_id, count(*) AS lines, min(timestamp) AS first, max(timestamp) AS last, count(*) FILTER (level = 'error') AS errors,
               list(event) AS events, list(service) AS services
        FROM read_json('${process.argv[2]}/*.log', format = 'newline_delimited', ignore_errors = true,
             columns = {timestamp: 'VARCHAR', level: 'VARCHAR', service: 'VARCHAR', event: 'VARCHAR', trace_id: 'VARCHAR'})
        WHERE trace_id IS NOT NULL GROUP BY trace_id)`);
console.log(JSON.stringify(result.getRowObjectsJson()[0]));
