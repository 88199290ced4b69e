#!/usr/bin/env node
'use strict';
// A USSD application made with ussd-menu-builder, as an independent reading of two dialects.
// It answers at /africasTalking and /hubtel, and prints how the library reads each request:
//
//   node ussdmenu.js
//   {"event":"listening","port":40123}
//   {"event":"read","session":"1","number":"+91…","code":"*51969#","text":"1*2","last":"2"}
//
// Its menu: a dial shows "welcome", 0 ends with "bye", anything else is shown again.

const http = require('http');
const querystring = require('querystring');
const UssdMenu = require('ussd-menu-builder');

function emit(event, fields) {
	process.stdout.write(JSON.stringify(Object.assign({event}, fields)) + '\n');
}

const sessions = {};

function menu(provider) {
	const m = new UssdMenu({provider});
	m.sessionConfig({
		start: (id) => Promise.resolve(sessions[id] = sessions[id] || {}),
		get: (id, key) => Promise.resolve(sessions[id][key]),
		set: (id, key, value) => Promise.resolve(sessions[id][key] = value),
		end: (id) => Promise.resolve(delete sessions[id]),
	});
	m.startState({next: {'*.+': 'said'}, defaultNext: 'welcome', run: () => m.con('welcome')});
	m.state('welcome', {next: {'*.+': 'said'}, run: () => m.con('welcome')});
	m.state('said', {
		next: {'*.+': 'said'},
		run: (state) => state.val === '0' ? m.end('bye') : m.con('you said ' + state.val),
	});
	return m;
}

const server = http.createServer((req, res) => {
	let body = '';
	req.on('data', (chunk) => { body += chunk; });
	req.on('end', () => {
		const provider = req.url.slice(1);
		const args = provider === 'hubtel' ? JSON.parse(body) : Object.assign({}, querystring.parse(body));
		const m = menu(provider);
		m.on('error', (err) => {
			emit('error', {message: String(err)});
			res.writeHead(500).end();
		});
		m.run(args, (answer) => {
			const read = m.args;
			emit('read', {session: read.sessionId, number: read.phoneNumber, code: read.serviceCode, text: read.text, last: m.val});
			if (typeof answer === 'string') {
				res.writeHead(200, {'Content-Type': 'text/plain'}).end(answer);
			} else {
				res.writeHead(200, {'Content-Type': 'application/json'}).end(JSON.stringify(answer));
			}
		});
	});
});
server.listen(0, '127.0.0.1', () => emit('listening', {port: server.address().port}));
process.stdin.resume().on('end', () => process.exit(0));
