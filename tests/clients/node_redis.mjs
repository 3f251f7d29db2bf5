// node-redis against the store, in RESP2 and in RESP3.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Server, load, until } from './server.mjs';

const { createClient, createClientPool, defineScript, ErrorReply, WatchError } = load('redis');

// A client that hangs must not take the whole run with it.
const timeout = 60000;
const plain = (value) => JSON.parse(JSON.stringify(value)); // node-redis makes objects without prototype

for (const RESP of [2, 3]) {
  describe(`RESP${RESP}`, () => {
    let server;
    let db;
    const open = [];

    async function client(options = {}) {
      const c = createClient({ RESP, unstableResp3: true, ...options, socket: { port: server.port, host: '127.0.0.1', ...options.socket } });
      c.on('error', () => {}); // what a test expects it checks itself
      open.push(c);
      await c.connect();
      return c;
    }

    before(async () => {
      server = await Server.start();
      db = await client();
    });
    beforeEach(() => db.flushAll());
    after(async () => {
      for (const c of open) if (c.isOpen) c.destroy();
      await server.stop();
    });

    const blocked = (n) => until(
      async () => (await db.info('clients')).includes(`blocked_clients:${n}\r\n`),
      `${n} blocked clients`,
    );

    test('opens with HELLO, a name and a database', { timeout }, async () => {
      const c = await client({ name: 'rider-app', database: 2 });
      const hello = await c.hello();
      assert.equal(hello.proto, RESP);
      assert.equal(hello.mode, 'standalone');
      assert.equal(hello.role, 'master');
      assert.match(hello.version, /^7\./);
      assert.equal(await c.clientGetName(), 'rider-app');
      const info = await c.clientInfo();
      assert.equal(info.db, 2);
      assert.equal(info.id, await c.clientId());
      await c.close();
    });

    test('types come back as given', { timeout }, async () => {
      assert.equal(await db.set('a', '1', { expiration: { type: 'PX', value: 60000 }, condition: 'NX' }), 'OK');
      assert.equal(await db.set('a', '2', { condition: 'NX' }), null);
      assert.equal(await db.incr('a'), 2);
      assert.equal(await db.hSet('h', { a: 1, b: '' }), 2);
      assert.deepEqual(plain(await db.hGetAll('h')), { a: '1', b: '' });
      assert.equal(await db.zAdd('z', [{ score: 1, value: 'a' }, { score: 2.5, value: 'b' }]), 2);
      assert.deepEqual(plain(await db.zRangeWithScores('z', 0, -1)), [{ value: 'a', score: 1 }, { value: 'b', score: 2.5 }]);
      assert.equal(await db.zScore('z', 'b'), 2.5);
      assert.equal(await db.zScore('z', 'none'), null);
      assert.equal(await db.zAdd('z', { score: Infinity, value: 'c' }), 1);
      assert.deepEqual(plain(await db.zPopMin('z')), { value: 'a', score: 1 });
      assert.equal(await db.zScore('z', 'c'), Infinity);
      assert.equal(await db.zIncrBy('z', 0.25, 'b'), 2.75);
      await db.sAdd('s', ['x', 'y']);
      assert.deepEqual((await db.sMembers('s')).sort(), ['x', 'y']);
      assert.equal(await db.incrByFloat('f', 10.5), '10.5');
      assert.equal(await db.exists('none'), 0);
      assert.deepEqual(plain(await db.configGet('appendfsync')), { appendfsync: 'always' });
      await assert.rejects(db.lPush('a', 'x'), (e) => e instanceof ErrorReply
        && e.message === 'WRONGTYPE Operation against a key holding the wrong kind of value');
      await assert.rejects(db.sendCommand(['NOSUCH', 'x']), /ERR unknown command 'NOSUCH', with args beginning with: 'x' $/);
    });

    test('geo', { timeout }, async () => {
      assert.equal(await db.geoAdd('d', [
        { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' },
        { longitude: 15.087269, latitude: 37.502669, member: 'Catania' },
      ]), 2);
      assert.equal(await db.geoDist('d', 'Palermo', 'Catania', 'km'), 166.2742);
      const found = await db.geoSearchWith('d', { longitude: 15, latitude: 37 }, { radius: 200, unit: 'km' },
        ['WITHDIST', 'WITHCOORD', 'WITHHASH'], { SORT: 'ASC', COUNT: 1 });
      assert.equal(found.length, 1);
      assert.equal(found[0].member, 'Catania');
      assert.equal(found[0].distance, '56.4413');
      assert.equal(found[0].hash, 3479447370796909);
      assert.ok(Math.abs(Number(found[0].coordinates.latitude) - 37.502669) < 1e-5);
      const [place] = await db.geoPos('d', 'Palermo');
      assert.ok(Math.abs(Number(place.longitude) - 13.361389) < 1e-5);
    });

    test('commands of one tick are one pipeline, in order', { timeout }, async () => {
      const replies = await Promise.all(Array.from({ length: 5000 }, (_, i) => [db.set(`k${i}`, i), db.get(`k${i}`)]).flat());
      assert.ok(replies.every((reply, i) => reply === (i % 2 ? String(i >> 1) : 'OK')));
      assert.deepEqual(await db.multi().set('a', 'x').get('a').execAsPipeline(), ['OK', 'x']);
    });

    test('transactions', { timeout }, async () => {
      assert.deepEqual(await db.multi().set('a', 1).incr('a').exec(), ['OK', 2]);
      const other = await client();
      await other.watch('a');
      await db.set('a', 5);
      await assert.rejects(other.multi().set('a', 6).exec(), WatchError);
      await assert.rejects(db.multi().set('a', 'x').incr('a').exec(), (e) => e.errorIndexes.length === 1);
      await assert.rejects(db.multi().set('a', 'y').addCommand(['NOSUCH']).exec(), /EXECABORT|unknown command/);
      assert.equal(await db.get('a'), 'x');
    });

    test('a pool of clients', { timeout }, async () => {
      const pool = createClientPool({ RESP, socket: { port: server.port, host: '127.0.0.1' } }, { minimum: 2, maximum: 5 });
      await pool.connect();
      const values = await Promise.all(Array.from({ length: 300 }, () => pool.incr('n')));
      assert.deepEqual(values.sort((a, b) => a - b), Array.from({ length: 300 }, (_, i) => i + 1));
      const seen = await pool.execute(async (c) => {
        await c.watch('n');
        return c.multi().incr('n').exec();
      });
      assert.deepEqual(seen, [301]);
      await pool.close();
    });

    test('pub/sub, by pattern and sharded', { timeout }, async () => {
      const heard = [];
      const listener = await client();
      const hear = (message, channel) => heard.push(`${channel}=${message}`);
      await listener.subscribe('news', hear);
      await listener.pSubscribe('ride:*', hear);
      await listener.sSubscribe('shard', hear);
      assert.equal(await db.publish('news', 'a'), 1);
      assert.equal(await db.publish('ride:1', 'b'), 1);
      assert.equal(await db.sPublish('shard', 'c'), 1);
      await until(() => heard.length === 3, 'three messages');
      assert.deepEqual(heard, ['news=a', 'ride:1=b', 'shard=c']);
      assert.deepEqual(plain(await db.pubSubNumSub(['news', 'x'])), { news: 1, x: 0 });
      assert.deepEqual(await db.pubSubShardChannels(), ['shard']);
      assert.equal(await db.pubSubNumPat(), 1);
      if (RESP === 3) assert.equal(await listener.set('while', 'subscribed'), 'OK');
      await listener.unsubscribe('news');
      await listener.pUnsubscribe();
      await listener.sUnsubscribe('shard');
      assert.equal(await db.publish('news', 'a'), 0);
      await listener.set('after', 'it');
      assert.equal(await db.get('after'), 'it');
    });

    test('streams: groups, blocking reads, claims', { timeout }, async () => {
      assert.equal(await db.xGroupCreate('rides', 'matchers', '$', { MKSTREAM: true }), 'OK');
      await assert.rejects(db.xGroupCreate('rides', 'matchers', '$'), /BUSYGROUP Consumer Group name already exists/);
      const reader = await client();
      const reading = reader.xReadGroup('matchers', 'a', { key: 'rides', id: '>' }, { COUNT: 10, BLOCK: 20000 });
      await blocked(1);
      const id = await db.xAdd('rides', '*', { ride_id: 'la-1', n: '1' });
      // node-redis hands on a RESP3 reply of a stream read as it came: a map.
      assert.deepEqual(plain(await reading), RESP === 3
        ? { rides: [[id, ['ride_id', 'la-1', 'n', '1']]] }
        : [{ name: 'rides', messages: [{ id, message: { ride_id: 'la-1', n: '1' } }] }]);
      const pending = plain(await db.xPending('rides', 'matchers'));
      assert.deepEqual([pending.pending, pending.firstId, pending.consumers[0].name], [1, id, 'a']);
      const claimed = plain(await db.xAutoClaim('rides', 'matchers', 'b', 0, '0'));
      assert.deepEqual([claimed.nextId, claimed.messages.map((m) => m.id)], ['0-0', [id]]);
      const [group] = plain(await db.xInfoGroups('rides'));
      assert.deepEqual([group.name, group.consumers, group.pending, group.lag, group['entries-read']],
        ['matchers', 2, 1, 0, 1]);
      const info = plain(await db.xInfoStream('rides'));
      assert.deepEqual([info.length, info.groups, info['last-generated-id'], info['first-entry'].id], [1, 1, id, id]);
      assert.equal(await db.xAck('rides', 'matchers', id), 1);
      assert.equal(await reader.xReadGroup('matchers', 'a', { key: 'rides', id: '>' }, { BLOCK: 10 }), null);
      assert.equal(Object.keys(await reader.xRead({ key: 'rides', id: '0' })).length, 1);
      const popping = reader.blPop('l', 20);
      await blocked(1);
      await db.rPush('l', 'v');
      assert.deepEqual(plain(await popping), { key: 'l', element: 'v' });
      const least = reader.bzPopMin('bz', 20);
      await blocked(1);
      await db.zAdd('bz', { score: 1.5, value: 'm' });
      assert.deepEqual(plain(await least), { key: 'bz', value: 'm', score: 1.5 });
    });

    test('scripts: EVAL, EVALSHA and defined scripts', { timeout }, async () => {
      assert.deepEqual(await db.eval('return {KEYS[1], ARGV[1], 1, false}', { keys: ['k'], arguments: ['v'] }), ['k', 'v', 1, null]);
      const sha = await db.scriptLoad('return redis.call("INCRBY", KEYS[1], ARGV[1])');
      assert.equal(await db.evalSha(sha, { keys: ['n'], arguments: ['5'] }), 5);
      assert.deepEqual(await db.scriptExists([sha, '0'.repeat(40)]), [1, 0]);
      const c = await client({
        scripts: {
          add: defineScript({
            SCRIPT: 'return redis.call("INCRBY", KEYS[1], ARGV[1])',
            NUMBER_OF_KEYS: 1,
            parseCommand(parser, key, by) {
              parser.pushKey(key);
              parser.push(String(by));
            },
            transformReply: undefined,
          }),
        },
      });
      assert.equal(await c.add('n', 1), 6);
      await db.scriptFlush();
      assert.equal(await c.add('n', 1), 7, 'the client answers NOSCRIPT with EVAL');
      // A script that speaks RESP3 answers in the protocol of its client.
      const map = await db.eval('redis.setresp(3) return redis.call("HGETALL", KEYS[1])', { keys: ['none'] });
      assert.deepEqual(plain(map), RESP === 3 ? {} : []);
      await assert.rejects(db.eval('return redis.error_reply("MINE it is")'), /^Error: MINE it is$/);
    });

    test('functions', { timeout }, async () => {
      const code = "#!lua name=hansom\nredis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)";
      assert.equal(await db.functionLoad(code, { REPLACE: true }), 'hansom');
      const c = await client({
        functions: {
          hansom: {
            add: {
              NUMBER_OF_KEYS: 1,
              parseCommand(parser, key, by) {
                parser.pushKey(key);
                parser.push(String(by));
              },
              transformReply: undefined,
            },
          },
        },
      });
      assert.equal(await c.hansom.add('n', 3), 3);
      assert.equal(await db.fCall('add', { keys: ['n'], arguments: ['3'] }), 6);
      await assert.rejects(db.fCallRo('add', { keys: ['n'], arguments: ['3'] }), /Can not execute a script with write flag using \*_ro command/);
      const [library] = plain(await db.functionListWithCode());
      assert.deepEqual([library.library_name, library.engine, library.library_code], ['hansom', 'LUA', code]);
      assert.equal(library.functions[0].name, 'add');
      const stats = plain(await db.functionStats());
      assert.equal(stats.engines.LUA.libraries_count, 1);
      assert.equal(await db.functionDelete('hansom'), 'OK');
    });

    test('scan iterators', { timeout }, async () => {
      await db.mSet(Array.from({ length: 1500 }, (_, i) => [`k${i}`, String(i)]));
      const seen = new Set();
      for await (const keys of db.scanIterator({ MATCH: 'k*', COUNT: 100 })) for (const key of keys) seen.add(key);
      assert.equal(seen.size, 1500);
      await db.hSet('h', Object.fromEntries(Array.from({ length: 800 }, (_, i) => [`f${i}`, i])));
      let fields = 0;
      for await (const entries of db.hScanIterator('h')) fields += entries.length;
      assert.equal(fields, 800);
    });

    test('AUTH, and a wrong password', { timeout }, async () => {
      const s = await Server.start('--requirepass', 'secret');
      const one = (options) => {
        const c = createClient({ RESP, socket: { port: s.port, host: '127.0.0.1', reconnectStrategy: false }, ...options });
        c.on('error', () => {});
        return c;
      };
      try {
        const right = one({ password: 'secret' });
        await right.connect();
        assert.equal(await right.ping(), 'PONG');
        await right.close();
        const named = one({ username: 'default', password: 'secret', socket: { path: s.path } });
        await named.connect();
        assert.equal(await named.ping(), 'PONG');
        await named.close();
        await assert.rejects(one({ password: 'guess' }).connect(), /WRONGPASS invalid username-password pair or user is disabled\./);
        const none = one();
        await assert.rejects(none.connect().then(() => none.ping()), /NOAUTH/);
        if (none.isOpen) none.destroy();
      } finally {
        await s.stop();
      }
    });

    test('reconnects after a restart, subscribes again and sends what waited', { timeout }, async () => {
      const s = await Server.start();
      const options = { RESP, socket: { port: s.port, host: '127.0.0.1', reconnectStrategy: () => 20 } };
      const c = createClient(options);
      const listener = createClient(options);
      try {
        for (const one of [c, listener]) {
          one.on('error', () => {});
          await one.connect();
        }
        const heard = [];
        await listener.subscribe('news', (message) => heard.push(message));
        await c.set('kept', 1);
        await s.kill();
        await until(() => !c.isReady, 'the loss of the connection');
        // What waited goes out at once, to a server that may still be loading and then says so.
        const waiting = c.incr('kept').catch((e) => (/^LOADING/.test(e.message) ? 'LOADING' : e));
        await s.again();
        const got = await waiting;
        assert.equal(got === 'LOADING' ? await c.incr('kept') : got, 2);
        await until(async () => (await c.publish('news', 'again')) === 1, 'the subscription');
        await until(() => heard.length > 0, 'the message');
      } finally {
        c.destroy();
        listener.destroy();
        await s.stop();
      }
    });
  });
}
