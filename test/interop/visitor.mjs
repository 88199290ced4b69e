// A citizen with the web app in a real browser, as the scripts beside this one play her.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** launch starts the browser. What goes wrong on any page is among its faults. */
export async function launch(base) {
	const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
	const faults = [];

	/** visitor opens the app as a phone of a language does; prepare may slow the page down before. */
	async function visitor(locale, prepare = async () => {}) {
		const context = await browser.newContext({ viewport: { width: 390, height: 780 }, locale, bypassCSP: true });
		const page = await context.newPage();
		page.setDefaultTimeout(30_000);
		page.on('pageerror', (e) => faults.push(e.stack));
		page.on('response', (r) => r.status() >= 500 && faults.push(`${r.status()} ${r.url()}`));
		await prepare(context, page);
		await page.goto(base);
		await page.waitForSelector('.services a');
		return { context, page };
	}
	return { visitor, faults, close: () => browser.close() };
}

/** accessible asks axe-core for what breaks WCAG 2.1 A or AA. */
export async function accessible(page, what) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
	assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], `${what} breaks WCAG`);
}

export const choose = (page, n) => page.click(`button.choice >> nth=${n}`);
export const yes = (page) => page.click('.buttons .button >> nth=0');

/** type fills the field of a question. */
export async function type(page, text) {
	await page.waitForSelector('#field');
	await page.fill('#field', text);
	await page.click('button[type=submit]');
}

/** confirmNumber goes through the login with the code that the sandbox shows. */
export async function confirmNumber(page, number, look = async () => {}) {
	await type(page, number);
	await page.waitForFunction(() => /\d{6}/.test(document.querySelector('form .paper')?.textContent ?? ''));
	await look();
	await type(page, /\d{6}/.exec(await page.textContent('form .paper'))[0]);
}

/** go opens a page of the app, as a link on its first page does. */
export async function go(page, base, hash) {
	await page.goto(`${base}/#/`);
	await page.waitForSelector('#main .services');
	await page.goto(`${base}/${hash}`);
	await page.waitForFunction(() => !document.querySelector("#main a[href^='#/s/']") || location.hash === '#/account');
}
