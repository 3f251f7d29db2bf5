// node-redis's search commands against the store.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { nodeRedis, plain, until } from './server.mjs';

const timeout = 60000;

describe('search', () => {
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

  test('hashes are found by words, numbers, tags and places', { timeout }, async () => {
    await db.ft.create('idx:animals', {
      name: { type: 'TEXT', SORTABLE: true },
      species: 'TAG',
      age: 'NUMERIC',
      at: 'GEO',
    }, { ON: 'HASH', PREFIX: 'animal:' });
    await db.hSet('animal:1', { name: 'Fluffy', species: 'cat', age: 3, at: '13.4,52.5' });
    await db.hSet('animal:2', { name: 'Ginger', species: 'cat', age: 4, at: '13.5,52.5' });
    await db.hSet('animal:3', { name: 'Rover', species: 'dog', age: 9, at: '2.3,48.8' });
    const cats = await db.ft.search('idx:animals', '@species:{cat}', {
      SORTBY: { BY: 'name', DIRECTION: 'DESC' },
    });
    assert.deepEqual(plain(cats), {
      total: 2,
      documents: [
        { id: 'animal:2', value: { name: 'Ginger', species: 'cat', age: '4', at: '13.5,52.5' } },
        { id: 'animal:1', value: { name: 'Fluffy', species: 'cat', age: '3', at: '13.4,52.5' } },
      ],
    });
    const old = await db.ft.search('idx:animals', '@age:[(4 +inf]', { RETURN: ['name'] });
    assert.deepEqual(plain(old), { total: 1, documents: [{ id: 'animal:3', value: { name: 'Rover' } }] });
    const near = await db.ft.searchNoContent('idx:animals', '@at:[13.4 52.5 1 km]');
    assert.deepEqual(plain(near), { total: 1, documents: ['animal:1'] });
    const param = await db.ft.search('idx:animals', '@name:$word', { PARAMS: { word: 'rover' } });
    assert.equal(param.total, 1);
    assert.deepEqual(await db.ft._list(), ['idx:animals']);
    const info = await db.ft.info('idx:animals');
    assert.equal(info.index_name, 'idx:animals');
    assert.equal(Number(info.num_docs), 3);
    await assert.rejects(db.ft.search('idx:animals', '@age:[1'), /Syntax error at offset/);
  });

  test('synonyms, dictionaries and spelling', { timeout }, async () => {
    await db.ft.create('idx:cars', { title: 'TEXT' }, { ON: 'HASH', PREFIX: 'car:' });
    await db.hSet('car:1', { title: 'yellow taxi' });
    await db.hSet('car:2', { title: 'cab' });
    assert.equal(await db.ft.synUpdate('idx:cars', 'hired', ['cab', 'taxi']), 'OK');
    await until(async () => (await db.ft.search('idx:cars', 'cab')).total === 2, 'the synonyms');
    assert.deepEqual(plain(await db.ft.synDump('idx:cars')), { cab: ['hired'], taxi: ['hired'] });
    assert.equal(await db.ft.dictAdd('slang', ['yello', 'limo']), 2);
    assert.deepEqual([...await db.ft.dictDump('slang')], ['limo', 'yello']);
    assert.deepEqual(plain(await db.ft.spellCheck('idx:cars', 'yelow', {
      DISTANCE: 2, TERMS: { mode: 'INCLUDE', dictionary: 'slang' },
    })), [{ term: 'yelow', suggestions: [{ score: 0.5, suggestion: 'yellow' }, { score: 0, suggestion: 'yello' }] }]);
    assert.equal(await db.ft.dictDel('slang', ['yello', 'limo']), 2);
    const profile = await db.ft.profileAggregate('idx:cars', '*');
    assert.equal(profile.results.total, 2);
  });

  test('JSON documents are found by paths', { timeout }, async () => {
    await db.ft.create('idx:users', {
      '$.name': { type: 'TEXT', SORTABLE: true, AS: 'name' },
      '$.age': { type: 'NUMERIC', AS: 'age' },
      '$.coins[*]': { type: 'TAG', AS: 'coins' },
    }, { ON: 'JSON', PREFIX: 'user:' });
    await db.json.set('user:1', '$', { name: 'Alice', age: 32, coins: ['gold', 'silver'] });
    await db.json.set('user:2', '$', { name: 'Bob', age: 23, coins: [] });
    const young = await db.ft.search('idx:users', '@age:[0 30]');
    assert.deepEqual(plain(young), {
      total: 1, documents: [{ id: 'user:2', value: { name: 'Bob', age: 23, coins: [] } }],
    });
    assert.equal((await db.ft.search('idx:users', '@coins:{silver}')).documents[0].id, 'user:1');
    await db.ft.alter('idx:users', { '$.coins[0]': { type: 'TAG', AS: 'first' } });
    assert.equal((await db.ft.search('idx:users', '@first:{gold}')).total, 1);
    await db.ft.aliasAdd('people', 'idx:users');
    assert.equal((await db.ft.search('people', 'alice')).total, 1);
    assert.equal(await db.ft.dropIndex('idx:users'), 'OK');
  });
});
