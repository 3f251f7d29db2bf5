// ioredis against the store. Its parser speaks RESP2; `node_redis.mjs` covers RESP3.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Server, load, until } from './server.mjs';

const { Redis, ReplyError } = load('ioredis');

let server;
let db;
const open = [];

function client(options = {}) {
  const c = new Redis({ host: '127.0.0.1', port: server.port, ...options });
  c.on('error', () => {}); // what a test expects it checks itself
  open.push(c);
  return c;
}

before(async () => {
  server = await Server.start();
  db = client();
});
beforeEach(() => db.flushall());
after(async () => {
  for (const c of open) c.disconnect();
  await server.stop();
});

const blocked = (n) => until(
  async () => (await db.info('clients')).includes(`blocked_clients:${n}\r\n`),
  `${n} blocked clients`,
);

// A client that hangs must not take the whole run with it.
const timeout = 60000;

test('connects when INFO says that the store is ready', { timeout }, async () => {
  const c = client({ lazyConnect: true, connectionName: 'rider-app', db: 2 });
  await c.connect();
  assert.equal(c.status, 'ready');
  assert.match(await c.info('server'), /^redis_version:7\./m);
  assert.equal(await c.client('GETNAME'), 'rider-app');
  assert.match(await c.client('INFO'), / db=2 /);
});

test('types come back as given', { timeout }, async () => {
  assert.equal(await db.set('a', '1', 'PX', 60000, 'NX'), 'OK');
  assert.equal(await db.set('a', '2', 'NX'), null);
  assert.equal(await db.incr('a'), 2);
  assert.equal(await db.hset('h', { a: 1, b: '' }), 2);
  assert.deepEqual(await db.hgetall('h'), { a: '1', b: '' });
  assert.deepEqual(await db.hgetall('none'), {});
  assert.equal(await db.zadd('z', 1, 'a', 2.5, 'b'), 2);
  assert.deepEqual(await db.zrange('z', 0, -1, 'WITHSCORES'), ['a', '1', 'b', '2.5']);
  assert.equal(await db.zscore('z', 'none'), null);
  const blob = Buffer.from(Array.from({ length: 4096 }, (_, i) => i & 255));
  await db.set(Buffer.from([0, 255]), blob);
  assert.deepEqual(await db.getBuffer(Buffer.from([0, 255])), blob);
  const prefixed = client({ keyPrefix: 'la:' });
  await prefixed.mset({ x: 1, y: 2 });
  assert.deepEqual(await db.mget('la:x', 'la:y', 'x'), ['1', '2', null]);
  await assert.rejects(db.lpush('a', 'x'), (e) => e instanceof ReplyError
    && /^WRONGTYPE Operation against a key/.test(e.message));
  await assert.rejects(db.call('NOSUCH', 'x'), /^ReplyError: ERR unknown command 'NOSUCH', with args beginning with: 'x' $/);
});

test('geo', { timeout }, async () => {
  assert.equal(await db.geoadd('d', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'), 2);
  assert.equal(await db.geodist('d', 'Palermo', 'Catania', 'km'), '166.2742');
  assert.deepEqual(
    await db.geosearch('d', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC', 'WITHDIST'),
    [['Catania', '56.4413'], ['Palermo', '190.4424']],
  );
});

test('pipelines keep the order and single errors', { timeout }, async () => {
  const pipe = db.pipeline();
  for (let i = 0; i < 5000; i++) pipe.set(`k${i}`, i).get(`k${i}`);
  const replies = await pipe.exec();
  assert.equal(replies.length, 10000);
  assert.ok(replies.every(([error], i) => error === null && (i % 2 ? replies[i][1] === String(i >> 1) : true)));
  const [[, ok], [error], [, value]] = await db.pipeline().set('a', 'x').incr('a').get('a').exec();
  assert.equal(ok, 'OK');
  assert.match(error.message, /^ERR value is not an integer or out of range$/);
  assert.equal(value, 'x');
});

test('auto-pipelining', { timeout }, async () => {
  const c = client({ enableAutoPipelining: true });
  const values = await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
    await c.set(`k${i}`, i);
    return c.get(`k${i}`);
  }));
  assert.deepEqual(values, Array.from({ length: 1000 }, (_, i) => String(i)));
});

test('transactions', { timeout }, async () => {
  assert.deepEqual(await db.multi().set('a', 1).incr('a').exec(), [[null, 'OK'], [null, 2]]);
  const other = client();
  await db.watch('a');
  await other.set('a', 5);
  assert.equal(await db.multi().set('a', 6).exec(), null);
  await assert.rejects(db.multi().set('a', 7).call('NOSUCH').exec(), /EXECABORT Transaction discarded because of previous errors/);
  assert.equal(await db.get('a'), '5');
  await db.multi({ pipeline: false });
  assert.equal(await db.set('a', 8), 'QUEUED');
  assert.deepEqual(await db.exec(), [[null, 'OK']]);
});

test('pub/sub, by pattern and sharded', { timeout }, async () => {
  const heard = [];
  const listener = client();
  listener.on('message', (channel, data) => heard.push(['message', channel, data]));
  listener.on('pmessage', (pattern, channel, data) => heard.push(['pmessage', pattern, channel, data]));
  listener.on('smessage', (channel, data) => heard.push(['smessage', channel, data]));
  assert.equal(await listener.subscribe('news', 'more'), 2);
  assert.equal(await listener.psubscribe('ride:*'), 3);
  assert.equal(await listener.ssubscribe('shard'), 1);
  assert.equal(await db.publish('news', 'a'), 1);
  assert.equal(await db.publish('ride:1', 'b'), 1);
  assert.equal(await db.spublish('shard', 'c'), 1);
  await until(() => heard.length === 3, 'three messages');
  assert.deepEqual(heard, [
    ['message', 'news', 'a'], ['pmessage', 'ride:*', 'ride:1', 'b'], ['smessage', 'shard', 'c'],
  ]);
  assert.deepEqual(await db.pubsub('NUMSUB', 'news', 'x'), ['news', 1, 'x', 0]);
  assert.deepEqual(await db.pubsub('SHARDCHANNELS'), ['shard']);
  assert.deepEqual(await listener.ping(), ['pong', '']);
  await assert.rejects(listener.get('a'), /subscriber mode/);
  assert.equal(await listener.unsubscribe('news', 'more'), 1);
  assert.equal(await db.publish('news', 'a'), 0);
});

test('streams: groups, blocking reads, claims', { timeout }, async () => {
  await db.xgroup('CREATE', 'rides', 'matchers', '$', 'MKSTREAM');
  const reader = client();
  const reading = reader.xreadgroup('GROUP', 'matchers', 'a', 'COUNT', 10, 'BLOCK', 20000, 'STREAMS', 'rides', '>');
  await blocked(1);
  const id = await db.xadd('rides', '*', 'ride_id', 'la-1', 'n', 1);
  assert.deepEqual(await reading, [['rides', [[id, ['ride_id', 'la-1', 'n', '1']]]]]);
  assert.deepEqual(await db.xpending('rides', 'matchers'), [1, id, id, [['a', '1']]]);
  assert.deepEqual(await db.xautoclaim('rides', 'matchers', 'b', 0, '0'), ['0-0', [[id, ['ride_id', 'la-1', 'n', '1']]], []]);
  assert.equal(await db.xack('rides', 'matchers', id), 1);
  assert.equal(await reader.xreadgroup('GROUP', 'matchers', 'a', 'BLOCK', 10, 'STREAMS', 'rides', '>'), null);
  await assert.rejects(reader.xreadgroup('GROUP', 'none', 'a', 'STREAMS', 'rides', '>'),
    /NOGROUP No such key 'rides' or consumer group 'none' in XREADGROUP with GROUP option/);
  const popping = reader.blpop('l', 20);
  await blocked(1);
  await db.rpush('l', 'v');
  assert.deepEqual(await popping, ['l', 'v']);
});

test('scripts: EVAL, EVALSHA and defined commands', { timeout }, async () => {
  assert.deepEqual(await db.eval('return {KEYS[1], ARGV[1], 1, false}', 1, 'k', 'v'), ['k', 'v', 1, null]);
  const sha = await db.script('LOAD', 'return redis.call("INCRBY", KEYS[1], ARGV[1])');
  assert.equal(await db.evalsha(sha, 1, 'n', 5), 5);
  await assert.rejects(db.evalsha('0'.repeat(40), 0), /^ReplyError: NOSCRIPT No matching script\. Please use EVAL\.$/);
  const c = client({ scripts: { twice: { lua: 'return ARGV[1] .. ARGV[1]', numberOfKeys: 0, readOnly: true } } });
  c.defineCommand('add', { numberOfKeys: 1, lua: 'return redis.call("INCRBY", KEYS[1], ARGV[1])' });
  assert.equal(await c.add('n', 1), 6);
  await db.script('FLUSH');
  assert.equal(await c.add('n', 1), 7, 'the client answers NOSCRIPT with EVAL');
  assert.equal(await c.twice('ab'), 'abab');
  await db.script('FLUSH');
  assert.deepEqual(await c.pipeline().add('n', 1).add('n', 1).exec(), [[null, 8], [null, 9]]);
  await db.set('s', 'x');
  await assert.rejects(db.eval('return redis.call("INCR", KEYS[1])', 1, 's'),
    /ERR value is not an integer or out of range script: [0-9a-f]{40}, on @user_script:1\./);
});

test('functions', { timeout }, async () => {
  const code = "#!lua name=hansom\nredis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)";
  assert.equal(await db.function('LOAD', 'REPLACE', code), 'hansom');
  assert.equal(await db.fcall('add', 1, 'n', 3), 3);
  await assert.rejects(db.fcall_ro('add', 1, 'n', 3), /Can not execute a script with write flag using \*_ro command/);
  const [library] = await db.function('LIST');
  assert.deepEqual(library.slice(0, 4), ['library_name', 'hansom', 'engine', 'LUA']);
  assert.equal(await db.function('DELETE', 'hansom'), 'OK');
});

test('scan streams and the monitor', { timeout }, async () => {
  await db.mset(Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`k${i}`, i])));
  const seen = new Set();
  for await (const keys of db.scanStream({ match: 'k*', count: 100 })) for (const key of keys) seen.add(key);
  assert.equal(seen.size, 1500);
  const monitor = await client().monitor();
  open.push(monitor);
  const commands = [];
  monitor.on('monitor', (time, args) => commands.push(args));
  await db.set('watched', 1);
  await until(() => commands.some((args) => args.join(' ') === 'set watched 1'), 'the monitor');
});

test('AUTH, and a wrong password', { timeout }, async () => {
  const s = await Server.start('--requirepass', 'secret');
  const clients = [];
  const one = (options) => {
    const c = new Redis({ host: '127.0.0.1', port: s.port, retryStrategy: null, ...options });
    c.on('error', () => {});
    clients.push(c);
    return c;
  };
  try {
    assert.equal(await one({ password: 'secret' }).ping(), 'PONG');
    assert.equal(await one({ username: 'default', password: 'secret', path: s.path, port: undefined }).ping(), 'PONG');
    await assert.rejects(one({ password: 'guess', maxRetriesPerRequest: 0 }).ping(),
      /WRONGPASS invalid username-password pair or user is disabled\./);
    await assert.rejects(one({ maxRetriesPerRequest: 0 }).ping(), /NOAUTH Authentication required\./);
  } finally {
    for (const c of clients) c.disconnect();
    await s.stop();
  }
});

test('reconnects after a restart, subscribes again and sends what waited', { timeout }, async () => {
  const s = await Server.start();
  const c = new Redis({ host: '127.0.0.1', port: s.port, retryStrategy: () => 20, maxRetriesPerRequest: null });
  const listener = new Redis({ host: '127.0.0.1', port: s.port, retryStrategy: () => 20 });
  try {
    for (const one of [c, listener]) one.on('error', () => {});
    const heard = [];
    listener.on('message', (channel, data) => heard.push(data));
    await listener.subscribe('news');
    await c.set('kept', 1);
    await s.kill();
    await until(() => c.status === 'reconnecting', 'the loss of the connection');
    const waiting = c.incr('kept');
    await s.again();
    assert.equal(await waiting, 2);
    await until(async () => (await c.publish('news', 'again')) === 1, 'the subscription');
    await until(() => heard.length > 0, 'the message');
  } finally {
    c.disconnect();
    listener.disconnect();
    await s.stop();
  }
});
