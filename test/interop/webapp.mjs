// A citizen with the web app in a real browser: node webapp.mjs BASE [FOLDER FOR PICTURES]

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Setu, checkProof } from '../../mobileapi/client/setu.js';
import { accessible, choose, confirmNumber, launch, type, yes } from './visitor.mjs';

const [base, pictures] = process.argv.slice(2);
const { visitor, faults, close } = await launch(base);
const shoot = (page, name) => pictures && page.screenshot({ path: `${pictures}/${name}.png` });

// An open service in each language: a mistake, its mending, and the answer.
const spoken = { bn: [/এইভাবে লিখুন/, /মাটিগাড়া|আসল/], hi: [/इस तरह लिखें/, /असली/], en: [/Write it like this/, /Genuine/] };
for (const [lang, [wrong, answer]] of Object.entries(spoken)) {
	const { context, page } = await visitor(`${lang}-IN`);
	assert.equal(await page.getAttribute('html', 'lang'), lang);
	await accessible(page, `home in ${lang}`);
	await shoot(page, `home-${lang}`);
	await page.click("a[href='#/s/document']");
	await choose(page, 0);
	await type(page, 'WB1');
	assert.match(await page.textContent('#error'), wrong);
	await accessible(page, `a mistake in ${lang}`);
	await type(page, 'wb ১০০০০০০1');
	await page.waitForSelector('.answer');
	assert.match(await page.textContent('.answer'), answer);
	await accessible(page, `an answer in ${lang}`);
	await shoot(page, `answer-${lang}`);
	await context.close();
}

// A transaction that needs a number: the phone is confirmed on the way.
const { context, page } = await visitor('bn-IN');
await page.click("a[href='#/s/benefit']");
await choose(page, 1);
await type(page, '১০০০০০০০০১');
await page.waitForSelector('.paper');
await yes(page);
await confirmNumber(page, '98300 00017', () => accessible(page, 'login'));
await page.waitForSelector('.paper a.number');
await shoot(page, 'receipt-bn');

// Without a network: what is sent is kept, over a restart of the app, and goes once.
const sent = [];
page.on('request', (r) => r.method() === 'POST' && r.url().endsWith('/v1/dialogue') && sent.push(r.headers()['idempotency-key']));
await page.waitForFunction(() => navigator.serviceWorker.controller);
await context.setOffline(true);
await page.goto(`${base}/#/s/produce`);
await choose(page, 3);
await choose(page, 0);
await type(page, '120');
await page.waitForSelector('input[type=date]');
await type(page, `${new Date().getFullYear() + 1}-01-15`);
await page.waitForSelector('.paper');
await yes(page);
await page.waitForSelector('.paper.waits');
await accessible(page, 'what is kept');
await shoot(page, 'offline-bn');
await page.reload();
await page.goto(`${base}/#/papers`);
await page.waitForSelector('.paper.waits');
assert.equal(await page.locator('.services a').count(), 1, 'the receipt of before can be read offline');
sent.length = 0;
const second = await context.newPage(); // another tab may send, too
await second.goto(`${base}/#/papers`);
await context.setOffline(false);
await page.waitForFunction(() => document.querySelectorAll('.services a').length === 2 && !document.querySelector('.paper.waits'));
await second.close();
assert.equal(new Set(sent).size <= 1, true, 'one request has one key');

// The receipt with its code, and the check of it by somebody else.
await page.goto(`${base}/#/papers`);
await page.click('.services a >> nth=0');
await page.waitForSelector('.qr svg path');
await page.waitForSelector('.proven');
await accessible(page, 'a receipt');
await shoot(page, 'proof-bn');
const [download] = await Promise.all([page.waitForEvent('download'), page.click('section .buttons .button >> nth=0')]);
const file = JSON.parse(readFileSync(await download.path(), 'utf8'));
assert.equal((await checkProof(file)).outcome.state, 'recorded', 'the saved file proves the receipt');
await context.setOffline(true);
await page.reload();
await page.waitForSelector('.proven', { timeout: 30_000 }); // the proof was kept
await context.setOffline(false);
const receipt = (await page.textContent('.number >> nth=0')).replace(/\D/g, '');
const other = await visitor('hi-IN');
await other.page.goto(`${base}/#/r/${receipt}`);
await other.page.waitForSelector('.paper .number');
await accessible(other.page, 'the check of a receipt');
await other.context.close();

// What she is told: her logins, and another phone's as it happens; and how, by keyboard.
await page.goto(`${base}/#/messages`);
await page.waitForSelector('.list .paper');
const before = await page.locator('.list .paper').count();
const elsewhere = new Setu({ url: base });
await elsewhere.logIn('9830000017', (await elsewhere.sendOTP('9830000017')).sandbox_otp, 'Second');
await page.waitForFunction((n) => document.querySelectorAll('.list .paper').length > n, before);
await page.waitForSelector('#sent');
await accessible(page, 'messages');
await shoot(page, 'messages-bn');
await page.focus('[name=spoken][value=bn]');
await page.keyboard.press('ArrowDown');
await page.waitForFunction(() => document.querySelector('[name=spoken][value=hi]').checked && document.querySelector('section [role=status]').textContent);
await page.focus('#sent');
await page.keyboard.press('Space');
const settled = { lang: 'hi', messages: false };
for (let i = 0; i < 50 && JSON.stringify(await elsewhere.preferences()) !== JSON.stringify(settled); i++) await page.waitForTimeout(100);
assert.deepEqual(await elsewhere.preferences(), settled, 'what she chose holds for her number');
await page.reload();
await page.waitForSelector('#sent');
assert.equal(await page.isChecked('#sent'), false);

// Whose phone it is, and that it can be left.
await page.goto(`${base}/#/account`);
await page.waitForSelector('.list .paper');
await accessible(page, 'account');
await page.click('#main > div > .buttons .button >> nth=0');
await page.waitForFunction(() => !document.querySelector('.list .paper'));
await page.goto(`${base}/#/messages`);
await page.waitForSelector('#main .button');
assert.equal(await page.locator('.list .paper').count(), 0, 'a phone that was left tells nothing of her');

// By keyboard alone: the skip link, and a service from the list.
const keys = await visitor('en-IN');
await keys.page.keyboard.press('Tab');
assert.equal(await keys.page.evaluate(() => document.activeElement.id), 'skip');
await keys.page.focus("a[href='#/s/academic']");
await keys.page.keyboard.press('Enter');
await keys.page.waitForSelector('#field');
await keys.page.keyboard.press('Tab');
await keys.page.keyboard.type('3000000003');
await keys.page.keyboard.press('Enter');
await keys.page.waitForSelector('.answer');

await close();
assert.deepEqual(faults, []);
