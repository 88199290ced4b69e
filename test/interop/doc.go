// Package interop holds the tests that put third-party peers before the gateway's
// protocol code: the npm package smpp, as an operator's SMSC (smsc.js) and as a partner's
// ESME (esme.js), with SMS and with USSD; go-smpp, as a partner's ESME and as the oracle of the codec; and
// the npm package ussd-menu-builder, as an application for USSD gateways (ussdmenu.js) and
// so an independent reading of two dialects over HTTP.
//
// The script setup installs the peers; the tests run it when it was not run before. The
// first two scripts take messages on stdin and print events, one JSON object a line, so that a
// person can use them as well: see the comment at the head of each.
package interop
