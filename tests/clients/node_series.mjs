// node-redis's time series commands, in RESP2 and in RESP3.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { nodeRedis, plain } from './server.mjs';

const timeout = 60000;

for (const RESP of [2, 3]) {
  describe(`RESP${RESP}`, () => {
    let server;
    let db;

    before(async () => {
      ({ server, db } = await nodeRedis({ RESP, unstableResp3: true }));
    });
    beforeEach(() => db.flushAll());
    after(async () => {
      db.destroy();
      await server.stop();
    });

    test('a series is made, filled and read', { timeout }, async () => {
      assert.equal(await db.ts.create('a', {
        RETENTION: 100000, ENCODING: 'UNCOMPRESSED', CHUNK_SIZE: 128, DUPLICATE_POLICY: 'LAST', LABELS: { area: 'north' },
      }), 'OK');
      assert.equal(await db.ts.add('a', 1000, 1.5), 1000);
      assert.equal(await db.ts.add('a', 1000, 2, { ON_DUPLICATE: 'SUM' }), 1000);
      assert.deepEqual(plain(await db.ts.mAdd([{ key: 'a', timestamp: 2000, value: 7 }])), [2000]);
      assert.deepEqual(plain(await db.ts.get('a')), { timestamp: 2000, value: 7 });
      assert.deepEqual(plain(await db.ts.range('a', '-', '+')), [{ timestamp: 1000, value: 3.5 }, { timestamp: 2000, value: 7 }]);
      assert.deepEqual(plain(await db.ts.revRange('a', '-', '+', { COUNT: 1 })), [{ timestamp: 2000, value: 7 }]);
      assert.deepEqual(plain(await db.ts.range('a', 0, 5000, {
        AGGREGATION: { type: 'SUM', timeBucket: 5000, BUCKETTIMESTAMP: '+' },
      })), [{ timestamp: 5000, value: 10.5 }]);
      const info = await db.ts.info('a');
      assert.equal(info.totalSamples, 2);
      assert.equal(info.chunkType, 'uncompressed');
      const labels = RESP === 3 ? { area: 'north' } : [{ name: 'area', value: 'north' }];
      assert.deepEqual(plain(info.labels), labels);
      assert.equal(await db.ts.del('a', 1000, 1000), 1);
      await assert.rejects(db.ts.get('none'), /TSDB: the key does not exist/);
    });

    test('queries by labels find series', { timeout }, async () => {
      for (const key of ['n1', 'n2']) await db.ts.add(key, 10, 3, { LABELS: { area: 'north', key } });
      assert.deepEqual(plain(await db.ts.queryIndex('area=north')), ['n1', 'n2']);
      assert.deepEqual(plain(await db.ts.mGet('area=north')), {
        n1: { sample: { timestamp: 10, value: 3 } }, n2: { sample: { timestamp: 10, value: 3 } },
      });
      assert.deepEqual(plain(await db.ts.mRange('-', '+', ['area=north', 'key!=n2'])), { n1: [{ timestamp: 10, value: 3 }] });
      const labels = await db.ts.mRangeWithLabels('-', '+', 'key=n1');
      assert.deepEqual(plain(labels.n1.labels), { area: 'north', key: 'n1' });
      const groups = await db.ts.mRangeGroupBy('-', '+', 'area=north', { label: 'area', REDUCE: 'SUM' });
      assert.deepEqual(plain(groups['area=north'].samples), [{ timestamp: 10, value: 6 }]);
    });

    test('rules condense one series into another', { timeout }, async () => {
      await db.ts.create('raw');
      await db.ts.create('tens');
      assert.equal(await db.ts.createRule('raw', 'tens', 'AVG', 10), 'OK');
      for (const [at, value] of [[1, 1], [5, 3], [11, 9]]) await db.ts.add('raw', at, value);
      assert.deepEqual(plain(await db.ts.get('tens')), { timestamp: 0, value: 2 });
      assert.deepEqual(plain(await db.ts.get('tens', { LATEST: true })), { timestamp: 10, value: 9 });
      assert.equal((await db.ts.info('tens')).sourceKey, 'raw');
      assert.equal(await db.ts.deleteRule('raw', 'tens'), 'OK');
    });
  });
}
