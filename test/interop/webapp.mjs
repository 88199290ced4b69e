// A citizen with the web app in a real browser: node webapp.mjs BASE [FOLDER FOR PICTURES]

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [base, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM, args: ['--no-sandbox'],
});
const faults = [];

/** visitor opens the app as a phone of a language does. */
async function visitor(locale) {
	const context = await browser.newContext({ viewport: { width: 390, height: 780 }, locale, bypassCSP: true });
	const page = await context.newPage();
	page.setDefaultTimeout(30_000);
	page.on('pageerror', (e) => faults.push(e.stack));
	page.on('response', (r) => r.status() >= 500 && faults.push(`${r.status()} ${r.url()}`));
	await page.goto(base);
	await page.waitForSelector('.services a');
	return { context, page };
}

/** accessible asks axe-core for what breaks WCAG 2.1 A or AA. */
async function accessible(page, what) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
	assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `${what} breaks WCAG`);
}

const shoot = (page, name) => pictures && page.screenshot({ path: `${pictures}/${name}.png` });
const next = (page) => page.click('button[type=submit]');
const choose = (page, n) => page.click(`button.choice >> nth=${n}`);
const yes = (page) => page.click('.buttons .button >> nth=0');

/** type fills the field of a question, which is on the page when hint is. */
async function type(page, text) {
	await page.waitForSelector('#field');
	await page.fill('#field', text);
	await next(page);
}

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
await type(page, '98300 00017');
await page.waitForSelector('.paper');
await accessible(page, 'login');
await type(page, /\d{6}/.exec(await page.textContent('.paper'))[0]);
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
await accessible(page, 'a receipt');
const receipt = (await page.textContent('.number >> nth=0')).replace(/\D/g, '');
const other = await visitor('hi-IN');
await other.page.goto(`${base}/#/r/${receipt}`);
await other.page.waitForSelector('.paper .number');
await accessible(other.page, 'the check of a receipt');
await other.context.close();

// Whose phone it is, and that it can be left.
await page.goto(`${base}/#/account`);
await page.waitForSelector('.list .paper');
await accessible(page, 'account');
await yes(page);
await page.waitForFunction(() => !document.querySelector('.list .paper'));

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

await browser.close();
assert.deepEqual(faults, []);
