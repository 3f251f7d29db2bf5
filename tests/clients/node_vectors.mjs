// node-redis's vector search, aggregation and cursors against the store.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { nodeRedis, plain } from './server.mjs';

const timeout = 60000;
const floats = (...numbers) => Buffer.from(new Float32Array(numbers).buffer);

describe('vectors and rows', () => {
  let server;
  let db;

  before(async () => {
    ({ server, db } = await nodeRedis());
  });
  beforeEach(() => db.flushAll());
  after(async () => {
    db.destroy();
    await server.stop();
  });

  test('the nearest neighbours of a vector', { timeout }, async () => {
    await db.ft.create('idx:knn', {
      v: { type: 'VECTOR', ALGORITHM: 'HNSW', TYPE: 'FLOAT32', DIM: 2, DISTANCE_METRIC: 'COSINE' },
    }, { ON: 'HASH', PREFIX: 'noderedis:knn:' });
    await db.hSet('noderedis:knn:a', { v: floats(0.1, 0.1) });
    await db.hSet('noderedis:knn:b', { v: floats(0.1, 0.2) });
    await db.hSet('noderedis:knn:c', { v: floats(0.1, -0.1) });
    const found = await db.ft.search('idx:knn', '*=>[KNN 4 @v $BLOB AS dist]', {
      PARAMS: { BLOB: floats(0.1, 0.1) }, SORTBY: 'dist', DIALECT: 2, RETURN: ['dist'],
    });
    assert.equal(found.total, 3);
    assert.deepEqual(found.documents.map((doc) => doc.id),
      ['noderedis:knn:a', 'noderedis:knn:b', 'noderedis:knn:c']);
    const distances = found.documents.map((doc) => Number(doc.value.dist));
    assert.ok(Math.abs(distances[0]) < 1e-6 && Math.abs(distances[1] - 0.0513167) < 1e-5);
    assert.ok(Math.abs(distances[2] - 1) < 1e-6);
  });

  test('rows are grouped, and read in portions', { timeout }, async () => {
    await db.ft.create('idx:users', { age: { type: 'NUMERIC', SORTABLE: true }, city: 'TAG' },
      { ON: 'HASH', PREFIX: 'user:' });
    await db.hSet('user:1', { age: 20, city: 'Paris' });
    await db.hSet('user:2', { age: 40, city: 'Rome' });
    await db.hSet('user:3', { age: 60, city: 'Paris' });
    const grouped = await db.ft.aggregate('idx:users', '*', {
      STEPS: [
        { type: 'GROUPBY', properties: '@city', REDUCE: [
          { type: 'AVG', property: '@age', AS: 'age' }, { type: 'COUNT', AS: 'n' }] },
        { type: 'SORTBY', BY: { BY: '@n', DIRECTION: 'DESC' } },
      ],
    });
    assert.deepEqual(plain(grouped), {
      total: 2, results: [{ city: 'Paris', age: '40', n: '2' }, { city: 'Rome', age: '40', n: '1' }],
    });
    let portion = await db.ft.aggregateWithCursor('idx:users', '*', {
      STEPS: [{ type: 'SORTBY', BY: '@age' }], COUNT: 2,
    });
    const ages = portion.results.map((row) => row.age);
    portion = await db.ft.cursorRead('idx:users', portion.cursor, { COUNT: 10 });
    assert.deepEqual([...ages, ...portion.results.map((row) => row.age)], ['20', '40', '60']);
    assert.equal(Number(portion.cursor), 0);
  });
});
