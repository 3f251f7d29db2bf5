// redis-om against the store: drivers as JSON documents, mapped, saved, found, paged, expired.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { load, Server, until } from './server.mjs';

const timeout = 60000;
const { EntityId, EntityKeyName, Repository, Schema } = load('redis-om');
// It brings a node-redis of its own, and takes a client of no other.
const modules = join(process.env.HANSOM_CLIENTS_MODULES ?? '.', 'node_modules');
const { createClient } = createRequire(join(modules, 'redis-om', 'package.json'))('redis');

const fields = {
  name: { type: 'text', sortable: true },
  rating: { type: 'number', sortable: true },
  trips: { type: 'number' },
  vehicle: { type: 'string', path: '$.vehicle.kind' },
  plate: { type: 'string', path: '$.vehicle.plate' },
  languages: { type: 'string[]' },
  accessible: { type: 'boolean' },
  location: { type: 'point' },
  since: { type: 'date', sortable: true },
  about: { type: 'text' },
};

const drivers = {
  839: {
    name: 'Alicia Gomez', rating: 4.92, trips: 1320, vehicle: { kind: 'sedan', plate: 'LA 839' },
    languages: ['en', 'es'], accessible: true, location: { longitude: -118.2437, latitude: 34.0522 },
    since: new Date('2021-03-01T00:00:00Z'), about: 'Drives calmly and knows the airports',
  },
  840: {
    name: 'Bob Stone', rating: 4.5, trips: 210, vehicle: { kind: 'van', plate: 'LA 840' },
    languages: ['en'], accessible: false, location: { longitude: -118.25, latitude: 34.06 },
    since: new Date('2024-06-01T00:00:00Z'), about: 'A van for six, and luggage',
  },
  841: {
    name: 'Chen Wei', rating: 4.8, trips: 55, vehicle: { kind: 'sedan', plate: 'LA-841' },
    languages: ['en', 'zh'], accessible: false, location: { longitude: -118.40, latitude: 33.94 },
    since: new Date('2025-01-15T00:00:00Z'), about: 'Waiting at the airport, driving all night',
  },
};

for (const structure of ['JSON', 'HASH']) {
  describe(`redis-om, ${structure}`, () => {
    let server;
    let db;
    let repository;
    const ids = async (search) => (await search.return.all()).map((found) => found[EntityId]).sort();

    before(async () => {
      server = await Server.start();
      db = createClient({ socket: { port: server.port, host: '127.0.0.1' } });
      db.on('error', () => {});
      await db.connect();
    });

    beforeEach(async () => {
      await db.flushAll();
      const paths = structure === 'JSON' ? fields : Object.fromEntries(Object.entries(fields)
        .map(([name, { path, ...field }]) => [name, field]));
      repository = new Repository(new Schema('driver', paths, { dataStructure: structure }), db);
      await repository.createIndex();
      for (const [id, { vehicle, ...driver }] of Object.entries(drivers)) {
        const kept = structure === 'JSON' ? { ...driver, vehicle }
          : { ...driver, vehicle: vehicle.kind, plate: vehicle.plate };
        await repository.save(id, kept);
      }
    });

    after(async () => {
      await db.disconnect();
      await server.stop();
    });

    test('what was saved is fetched as it was', { timeout }, async () => {
      const driver = await repository.fetch('839');
      assert.equal(driver[EntityId], '839');
      assert.equal(driver[EntityKeyName], 'driver:839');
      assert.equal(driver.rating, 4.92);
      assert.equal(driver.accessible, true);
      assert.deepEqual(driver.languages, ['en', 'es']);
      assert.deepEqual(driver.location, { longitude: -118.2437, latitude: 34.0522 });
      assert.deepEqual(driver.since, drivers[839].since);
      const two = await repository.fetch('840', '841');
      assert.deepEqual(two.map((one) => one.name), ['Bob Stone', 'Chen Wei']);
      driver.rating = 4.1;
      await repository.save(driver);
      assert.equal((await repository.fetch('839')).rating, 4.1);
      assert.deepEqual(await ids(repository.search().where('rating').lt(4.2)), ['839']);
      const fresh = await repository.save({ name: 'Dana', rating: 5 });
      assert.equal((await repository.search().where('name').matches('dana').return.first())[EntityId], fresh[EntityId]);
    });

    test('numbers, strings, flags and dates are found', { timeout }, async () => {
      const search = () => repository.search();
      assert.deepEqual(await ids(search().where('rating').gte(4.8)), ['839', '841']);
      assert.deepEqual(await ids(search().where('rating').is.greaterThan(4.8)), ['839']);
      assert.deepEqual(await ids(search().where('rating').is.between(4.5, 4.8)), ['840', '841']);
      assert.deepEqual(await ids(search().where('rating').not.eq(4.5)), ['839', '841']);
      assert.deepEqual(await ids(search().where('vehicle').equals('sedan')), ['839', '841']);
      assert.deepEqual(await ids(search().where('plate').equals('LA 839')), ['839']);
      assert.deepEqual(await ids(search().where('plate').equals('LA-841')), ['841']);
      assert.deepEqual(await ids(search().where('languages').contains('es')), ['839']);
      assert.deepEqual(await ids(search().where('languages').containsOneOf('es', 'zh')), ['839', '841']);
      assert.deepEqual(await ids(search().where('accessible').is.true()), ['839']);
      assert.deepEqual(await ids(search().where('accessible').is.false()), ['840', '841']);
      assert.deepEqual(await ids(search().where('since').onOrAfter(new Date('2024-06-01T00:00:00Z'))), ['840', '841']);
      assert.deepEqual(await ids(search().where('vehicle').eq('sedan').and('rating').lt(4.9)), ['841']);
      assert.deepEqual(await ids(search().where('vehicle').eq('van').or('trips').gt(1000)), ['839', '840']);
      assert.deepEqual(await ids(search().where('rating').gt(4.6)
        .and((or) => or.where('languages').contains('zh').or('trips').gt(1000))), ['839', '841']);
      assert.equal(await search().where('rating').gte(4.8).return.count(), 2);
    });

    test('text is found by words, stems and phrases, places by distance', { timeout }, async () => {
      const search = () => repository.search();
      assert.deepEqual(await ids(search().where('about').matches('airport')), ['839', '841']);
      assert.deepEqual(await ids(search().where('about').matchesExactly('all night')), ['841']);
      assert.deepEqual(await ids(search().where('about').matches('lugg*')), ['840']);
      assert.deepEqual(await ids(search().where('about').matches('vann', { fuzzyMatching: true, levenshteinDistance: 1 })), ['840']);
      assert.deepEqual(await ids(search().where('about').does.not.match('airport')), ['840']);
      const near = (km) => search().where('location').inRadius((circle) => circle
        .longitude(-118.2437).latitude(34.0522).radius(km).kilometers);
      assert.deepEqual(await ids(near(0.5)), ['839']);
      assert.deepEqual(await ids(near(3)), ['839', '840']);
      assert.deepEqual(await ids(near(50)), ['839', '840', '841']);
      assert.deepEqual(await ids(repository.searchRaw('@rating:[4.8 +inf] @vehicle:{sedan}')), ['839', '841']);
    });

    test('results are sorted and paged', { timeout }, async () => {
      const names = (found) => found.map((driver) => driver.name.split(' ')[0]);
      const all = () => repository.search();
      assert.deepEqual(names(await all().sortBy('rating', 'DESC').return.all()), ['Alicia', 'Chen', 'Bob']);
      assert.deepEqual(names(await all().sortAscending('name').return.page(1, 1)), ['Bob']);
      assert.deepEqual(names(await all().sortDescending('since').return.page(0, 2)), ['Chen', 'Bob']);
      assert.deepEqual(names([await all().return.max('rating')]), ['Alicia']);
      assert.deepEqual(names([await all().return.min('rating')]), ['Bob']);
      assert.deepEqual(await all().sortBy('rating').return.allIds(), ['840', '841', '839']);
      assert.deepEqual(await all().sortBy('rating').return.allKeys(), ['driver:840', 'driver:841', 'driver:839']);
      assert.equal(await all().where('rating').gt(5).return.first(), null);
      // More than it asks for at once.
      for (let i = 0; i < 25; i++) await repository.save(`more${i}`, { rating: 1 + i / 100 });
      assert.equal((await all().where('rating').lt(2).return.all({ pageSize: 10 })).length, 25);
    });

    test('what is removed or expires is found no more', { timeout }, async () => {
      await repository.remove('840');
      assert.deepEqual(await ids(repository.search()), ['839', '841']);
      assert.equal((await repository.fetch('840')).name, undefined);
      await repository.expire('841', 1000);
      assert.equal(await db.ttl('driver:841') > 900, true);
      await db.pExpire('driver:841', 1);
      await until(async () => (await ids(repository.search())).length === 1, 'the expiry');
    });

    test('an index is made once, anew when its schema changed, and dropped', { timeout }, async () => {
      await repository.createIndex();
      assert.deepEqual(await db.ft._list(), ['driver:index']);
      const more = structure === 'JSON' ? fields.vehicle : { type: 'string' };
      const changed = new Repository(new Schema('driver', { vehicle: more }, { dataStructure: structure }), db);
      await changed.createIndex();
      await until(async () => await changed.search().where('vehicle').eq('sedan').return.count() === 2, 'the new index');
      await changed.dropIndex();
      assert.deepEqual(await db.ft._list(), []);
      assert.equal(await db.exists('driver:839'), 1);
      await changed.dropIndex();
    });
  });
}
