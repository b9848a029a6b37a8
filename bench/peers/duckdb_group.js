// duckdb_group.js BOUNDARIES CODE POINTS.csv OUT.csv THREADS: DuckDB's share of the work,
// parsing and grouping by the area code that the file already has. There is no join in it.
// Ends with 77 when the package @duckdb/node-api is not found (NODE_PATH, or installed
// globally).
'use strict';
const {execSync} = require('child_process');
const path = require('path');

function find(name) {
  try {
    return require(name);
  } catch (e) {
    try {
      const root = execSync('npm root -g', {stdio: ['ignore', 'pipe', 'ignore']});
      return require(path.join(root.toString().trim(), name));
    } catch (again) {
      process.exit(77);
    }
  }
}

async function main() {
  const {DuckDBInstance} = find('@duckdb/node-api');
  const [, , , , points, out, threads] = process.argv;
  const quote = (s) => `'${s.replace(/'/g, "''")}'`;
  const instance = await DuckDBInstance.create(':memory:', {threads});
  const connection = await instance.connect();
  await connection.run(`COPY (
    SELECT "LSOA code" AS area, "Crime type", "Month", count(*) AS count
    FROM read_csv(${quote(points)}, header = true, delim = ',', quote = '"',
                  types = {'Month': 'VARCHAR'})
    WHERE Longitude IS NOT NULL AND Latitude IS NOT NULL
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) TO ${quote(out)} (HEADER)`);
}

main().catch((e) => {
  console.error(e.message);
  process.exit(1);
});
