// What waits on a phone, and whose it is, in the web app: node webqueue.mjs BASE

import assert from 'node:assert/strict';
import { Setu } from '../../mobileapi/client/setu.js';
import { accessible, choose, confirmNumber, go, launch, type, yes } from './visitor.mjs';

const [base] = process.argv.slice(2);
const { visitor, faults, close } = await launch(base);
const [her, his] = ['9830000011', '9830000012'];
const dialogue = '**/v1/dialogue';

// A first visit without the gateway: what it waits for comes by itself. No worker, so that requests can be stopped here.
let refusals = 2; // of boot and of the refresh behind it
const { page } = await visitor('en-IN', async (context, page) => {
	await context.addInitScript(() => delete Navigator.prototype.serviceWorker);
	await page.route('**/v1/services', (route) => (refusals-- > 0 ? route.abort() : route.continue()));
});
assert.ok(refusals < 0, 'the services came at the third time');
await page.waitForFunction(() => !document.querySelector('#network.shown'));

const text = (selector = '#main') => page.textContent(selector);
const waits = (n) => page.waitForFunction((n) => document.querySelectorAll('.paper.waits').length === n, n);
const papers = () => go(page, base, '#/papers');
const lost = () => page.route(dialogue, (route) => route.abort());
const found = () => page.unroute(dialogue);

/** answered answers the next requests of a dialogue in the gateway's place. */
const answered = (status, body) => page.route(dialogue, (route) => route.fulfill({ status, json: body }));

/** account opens the page of the phone; only then is its number known there. */
async function account() {
	await go(page, base, '#/account');
	await page.waitForSelector('#main .buttons');
}
async function logIn(number) {
	await account();
	await page.click('.button:not(.plain)');
	await confirmNumber(page, number);
	await page.waitForSelector('.list .paper');
}
async function logOut() {
	await account();
	await page.click('#main > div > .buttons .button >> nth=0');
	await page.waitForFunction(() => !document.querySelector('.list .paper'));
}
/** complain goes through a transaction to its confirmation. */
async function complain(about) {
	await go(page, base, '#/s/grievance');
	await choose(page, 1);
	await choose(page, 4);
	await type(page, about);
	await page.waitForSelector('.paper.answer');
}

// Without a number nothing is kept: who goes away from the login leaves nothing to the next one.
await complain('The road is broken');
assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'what is to be confirmed has the focus');
await yes(page);
await page.waitForSelector('input[type=tel]');
await papers();
await page.waitForSelector('h1');
await waits(0);

// What waits is hers. It is not sent by his key, and he reads nothing of hers.
await logIn(her);
await go(page, base, '#/s/benefit');
await choose(page, 0);
await type(page, '1000000001');
await page.waitForSelector('.paper.good .answer');
const payment = await text('.answer');
await lost();
await complain('The lamp is broken');
await yes(page);
await page.waitForSelector('.paper.waits');
await logOut();
await found();
const sent = [];
page.on('request', (r) => r.method() === 'POST' && r.url().endsWith('/v1/dialogue') && sent.push(r));
await logIn(his);
await page.evaluate(() => dispatchEvent(new Event('online')));
await papers();
await page.waitForFunction(() => document.querySelector('#main .buttons'));
assert.doesNotMatch(await text(), /Complaint|1000000001/, 'he sees nothing of hers');
await lost();
await go(page, base, '#/s/benefit');
await choose(page, 0);
await type(page, '1000000001');
await page.waitForSelector('.paper.bad');
assert.equal(await page.locator('.answer').count(), 0, 'her last answer is not his');
await found();
assert.equal(sent.filter((r) => r.postData().includes('lamp')).length, 0, 'his key signs nothing of hers');
await logOut();
await logIn(her);
await papers();
await page.waitForFunction(() => document.querySelectorAll('#main > .services > li').length === 1 && !document.querySelector('.paper.waits'));
assert.match(await text(), /Past answers/);

// A signature that is not taken says nothing of the request: it waits, and goes by itself although nothing says that the
// network is back. What waits can be removed.
await answered(401, { type: 'about:blank', title: 'no', status: 401, code: 'signature-replayed' });
await complain('The well is dry');
await yes(page);
await page.waitForSelector('.paper.waits');
await found();
await lost();
await complain('The tap is broken');
await yes(page);
await page.waitForSelector('.paper.waits');
await papers();
await waits(2);
await accessible(page, 'what can be removed');
await page.click('.paper.waits >> nth=1 >> button');
await waits(1);
sent.length = 0;
await found();
await waits(0);
assert.ok(sent.every((r) => r.postData().includes('well')), 'what she removed is not sent');
await page.waitForFunction(() => document.querySelectorAll('#main > .services > li').length === 2);

// What the contract did not do is not shown as done, and what she was told of it stays.
const receipt = '105010855666';
await answered(201, { state: 'refused', code: 'unpaid', receipt, prompt: 'Nothing was paid.', end: true });
await complain('The first');
await yes(page);
await page.waitForSelector('.paper a.number');
assert.equal(await page.locator('.paper.good').count(), 0);
assert.match(await text('.paper'), /Not accepted/);
assert.equal(await page.locator('text=Take it back').count(), 0, 'what was not done cannot be taken back');
await found();
const later = '105010855674';
await answered(202, { state: 'received', receipt: later, prompt: 'Received.', end: true });
await complain('The second');
await yes(page);
await page.waitForSelector('.paper.waits a.number');
await found();
await page.evaluate((receipt) => new Promise((done) => {
	indexedDB.open('setu').onsuccess = ({ target: { result: db } }) => {
		const t = db.transaction('memo', 'readwrite');
		t.objectStore('memo').put([{ id: 'told', receipt, class: 'result', state: 'refused', code: 'unpaid', prompt: 'Nothing was sent.', at: new Date().toISOString() }], 'notices');
		t.oncomplete = done;
	};
}), later);
await page.evaluate(() => dispatchEvent(new Event('online')));
await papers();
await page.waitForFunction(() => document.querySelector('#main > .services li')?.textContent.includes('Not accepted'));
await page.click('#main > .services a >> nth=0');
await page.waitForSelector('.answer');
assert.match(await text('.answer'), /Nothing was sent/);

// An answer that will follow does not take the place of the last one.
await answered(202, { state: 'later', prompt: 'It will follow.', end: true });
await go(page, base, '#/s/benefit');
await choose(page, 0);
await type(page, '1000000001');
await page.waitForFunction(() => document.querySelector('.answer')?.textContent.includes('follow'));
await found();
await lost();
await go(page, base, '#/s/benefit');
await choose(page, 0);
await type(page, '1000000001');
await page.waitForSelector('.paper.bad');
assert.equal(await text('.answer'), payment);
await found();

// What was done just now can be taken back, once.
await complain('The gate is shut');
await yes(page);
await page.waitForSelector('.paper.good a.number');
await accessible(page, 'what can be taken back');
await page.click('text=Take it back');
await page.waitForFunction(() => /is taken back/.test(document.querySelector('.paper.good .answer')?.textContent));
assert.equal(await page.locator('text=Take it back').count(), 0);
await papers();
await page.waitForFunction(() => [...document.querySelectorAll('#main > .services li')].some((li) => li.textContent.includes('Taken back')));

// The other languages are there without a network.
await page.waitForFunction(() => new Promise((done) => {
	indexedDB.open('setu').onsuccess = ({ target: { result: db } }) => {
		db.transaction('memo').objectStore('memo').getAllKeys().onsuccess = (e) => done(e.target.result.filter((k) => String(k).startsWith('services-')).length === 3);
	};
}));
await page.route('**/v1/services', (route) => route.abort());
await page.goto(`${base}/#/`);
await page.click('[data-lang=hi]');
await page.waitForFunction(() => /भत्ता/.test(document.querySelector('.services')?.textContent));
await page.click('[data-lang=en]');

// A phone that cannot tell the gateway says so. All is deleted only after a word about what waits, and the key at the
// gateway, too.
await page.route('**/v1/devices/*', (route) => route.abort());
await account();
await page.click('#main > div > .buttons .button >> nth=0');
await page.waitForFunction(() => document.querySelector('#main [role=alert]').textContent);
await page.unroute('**/v1/devices/*');
const elsewhere = new Setu({ url: base });
await elsewhere.logIn(her, (await elsewhere.sendOTP(her)).sandbox_otp, 'Second');
const before = (await elsewhere.devices()).devices.length;
await lost();
await complain('The bridge is old');
await yes(page);
await page.waitForSelector('.paper.waits');
await account();
await page.click('#main > div > .buttons .button >> nth=1');
await page.waitForSelector('.paper.bad');
await accessible(page, 'what would be deleted');
await page.click('#main .button.plain');
await page.waitForFunction(() => /was deleted/.test(document.querySelector('[role=status].paper')?.textContent));
assert.equal((await elsewhere.devices()).devices.length, before - 1, 'the gateway knows this phone no more');

// Without a network all is deleted here, and nothing that he is told later gets to this phone.
await logIn(his);
const third = new Setu({ url: base });
const told = () => page.evaluate(() => new Promise((done) => {
	indexedDB.open('setu').onsuccess = ({ target: { result: db } }) => {
		db.transaction('memo').objectStore('memo').get('notices').onsuccess = (e) => done(e.target.result?.length ?? 0);
	};
}));
for (let i = 0; i < 50 && (await told()) === 0; i++) await page.waitForTimeout(100);
assert.notEqual(await told(), 0, 'he is told of his login');
await page.route('**/v1/devices/*', (route) => route.abort());
await page.click('#main > div > .buttons .button >> nth=1');
await page.waitForFunction(() => /was deleted/.test(document.querySelector('[role=status].paper')?.textContent));
await third.logIn(his, (await third.sendOTP(his)).sandbox_otp, 'Third');
await page.waitForTimeout(1000); // in which he would be told
assert.equal(await told(), 0);

// Her phone is removed elsewhere, and he confirms his number where she was asked for hers: what she sent waits for her.
await page.unroute('**/v1/devices/*');
await found();
const [hers, another] = ['9830000013', '9830000014'];
await logIn(hers);
const second = new Setu({ url: base });
await second.logIn(hers, (await second.sendOTP(hers)).sandbox_otp, 'Other');
await complain('The fence is broken');
for (const d of (await second.devices()).devices) if (!d.current) await second.removeDevice(d.id);
await yes(page);
await page.waitForSelector('input[type=tel]');
sent.length = 0;
await confirmNumber(page, another);
await page.waitForFunction(() => document.querySelector('#main button.choice') || document.querySelector('.paper a.number'));
assert.doesNotMatch(await text(), /fence/, 'he sees nothing of what she sends');
assert.equal(sent.filter((r) => r.postData().includes('fence')).length, 0, 'his key does not sign what she sends');
await logOut();
await logIn(hers);
await papers();
await page.waitForFunction(() => document.querySelectorAll('#main > .services li').length === 1 && !document.querySelector('.paper.waits'));
assert.equal(sent.filter((r) => r.postData().includes('fence')).length, 1, 'hers does, once');

await close();
assert.deepEqual(faults, []);
