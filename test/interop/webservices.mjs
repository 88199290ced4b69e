// Every service in the web app, online and offline, in one language: node webservices.mjs BASE LANG NUMBER

import assert from 'node:assert/strict';
import { accessible, choose, confirmNumber, go, launch, type, yes } from './visitor.mjs';

const [base, lang, number] = process.argv.slice(2);
const { visitor, faults, close } = await launch(base);
const { context, page } = await visitor(`${lang}-IN`);

// What she answers to each question: the place of an option, or a text.
const soon = `${new Date().getFullYear() + 1}-01-15`;
const questions = {
	benefit: [0, '1000000001'], health: ['4000000004'], produce: [0, 0], land: [0, '2000000002'], grievance: [0, '60000007'],
	document: [0, 'WB10000001'], academic: ['3000000003'], site: ['wb.example.gov'],
};
const transactions = { benefit: [1, '1000000001'], produce: [3, 0, '120', soon], grievance: [1, 4, 'The road is broken'] };
// The same request again would be asked about: it may be a slip.
const others = { benefit: [1, '1000000028'], produce: [3, 0, '130', soon], grievance: [1, 4, 'The lamp is broken'] };
const refused = { bn: 'নেওয়া হয়নি', hi: 'नहीं लिया गया', en: 'Not accepted' }[lang];
const script = { bn: /[\u0980-\u09ff]/, hi: /[\u0900-\u097f]/, en: /[a-z]{3}/ }[lang];

async function walk(id, answers) {
	await go(page, base, `#/s/${id}`);
	for (const answer of answers) await (typeof answer === 'number' ? choose(page, answer) : type(page, answer));
}

const listed = await page.locator('.services a').evaluateAll((all) => all.map((a) => a.hash.split('/')[2]));
assert.deepEqual(listed.toSorted(), [...Object.keys(questions), 'consent'].toSorted(), 'every service is walked through here');
await go(page, base, '#/account');
await page.click('.button:not(.plain)');
await confirmNumber(page, number);
await page.waitForSelector('.list .paper');

// Online: each question has its answer.
for (const [id, answers] of Object.entries(questions)) {
	await walk(id, answers);
	await page.waitForSelector('.paper.good .answer');
	assert.match(await page.textContent('.answer'), script, `${id} in ${lang}`);
	await accessible(page, `${id} in ${lang}`);
}
// A consent is chosen from the ledger's list, and taken back.
await walk('consent', []);
await page.waitForSelector('button.choice');
await accessible(page, `consents in ${lang}`);
const consent = await page.textContent('button.choice >> nth=0');
await context.setOffline(true);
await walk('consent', []);
await page.waitForSelector('.paper.bad');
assert.ok((await page.textContent('.answer')).includes(consent), 'who may see her records can be read offline');
await context.setOffline(false);
await walk('consent', []);
await page.waitForSelector('button.choice');
await choose(page, 0);
await page.waitForFunction(() => document.querySelectorAll('button.choice').length === 2);
await choose(page, 0);
await page.waitForSelector('.paper.good a.number');
for (const [id, answers] of Object.entries(transactions)) {
	await walk(id, answers);
	await page.waitForSelector('.paper.answer');
	await yes(page);
	await page.waitForSelector('.paper:not(.bad) a.number');
}

// Offline: questions show what she was told before, transactions wait and go once.
await page.waitForFunction(() => navigator.serviceWorker.controller);
await context.setOffline(true);
await page.reload();
for (const [id, answers] of Object.entries(questions)) {
	await walk(id, answers);
	await page.waitForSelector('.paper.bad');
	assert.match(await page.textContent('.answer'), script, `${id} in ${lang}, offline`);
}
await walk('consent', []);
await page.waitForSelector('.paper.bad');
for (const [id, answers] of Object.entries(others)) {
	await walk(id, answers);
	await page.waitForSelector('.paper.answer');
	await yes(page);
	await page.waitForSelector('.paper.waits');
}
await accessible(page, `what waits in ${lang}`);
await page.goto(`${base}/#/papers`);
await page.waitForFunction((n) => document.querySelectorAll('.paper.waits').length === n, Object.keys(transactions).length);
await context.setOffline(false);
const done = 2 * Object.keys(transactions).length + 1; // with the consent
await page.waitForFunction((n) => !document.querySelector('.paper.waits') && document.querySelectorAll('#main > .services > li').length === n, done);
assert.ok(!(await page.textContent('#main > .services')).includes(refused), 'all that waited was taken');
await accessible(page, `receipts in ${lang}`);

await close();
assert.deepEqual(faults, []);
