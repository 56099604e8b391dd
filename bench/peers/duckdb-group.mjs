// DuckDB's own group-by of a FOCUS file, by the same columns; prints the milliseconds of the query.
import { DuckDBInstance } from "@duckdb/node-api";

const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
const file = process.argv[2].replaceAll("'", "''");
const start = process.hrtime.bigint();
const result = await connection.runAndReadAll(`
  SELECT ServiceName, SubAccountId, RegionId, SkuId, CAST(ChargePeriodStart AS DATE) AS day, BillingCurrency, sum(BilledCost) AS cost
  FROM read_csv('${file}', header = true) GROUP BY ALL`);
if (result.currentRowCount === 0) throw new Error("no rows");
console.log((Number(process.hrtime.bigint() - start) / 1e6).toFixed(1));
