import { hunt, mutants } from './index.ts';
for (const m of mutants) { if (!process.argv.slice(2).some((a) => m.name.includes(a))) continue;
 for (const first of [1, 10001]) { const t=performance.now(); const r = hunt(m, 1500, first); console.log(m.name, r.failure?.scenario.seed, r.failure?.violation?.invariant, ((performance.now()-t)/r.seeds).toFixed(1)+' ms/seed'); } }
