package sqlite

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"setu/gateway"
)

const (
	sqlPutOTP     = `INSERT INTO otp (citizen, mac, tries, expires) VALUES (?1, ?2, 0, ?3) ON CONFLICT (citizen) DO UPDATE SET mac = ?2, tries = 0, expires = ?3`
	sqlOTP        = `SELECT mac, tries, expires FROM otp WHERE citizen = ?`
	sqlTryOTP     = `UPDATE otp SET tries = tries + 1 WHERE citizen = ?`
	sqlDropOTP    = `DELETE FROM otp WHERE citizen = ?`
	sqlAllowance  = `SELECT used, until FROM allowance WHERE name = ?`
	sqlUse        = `INSERT INTO allowance (name, used, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET used = ?2, until = ?3`
	sqlPutDevice  = `INSERT INTO device (id, citizen, key, name, added) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET citizen = ?2, name = ?4, added = ?5, removed = 0`
	sqlDropDevice = `UPDATE device SET removed = ?1 WHERE id = ?2 AND citizen = ?3 AND removed = 0`
	sqlOldest     = `SELECT id FROM device INDEXED BY device_citizen WHERE citizen = +?1 AND removed = 0 AND id <> ?2 ORDER BY added DESC LIMIT 1 OFFSET +?3`
	sqlTakeNonce  = `INSERT INTO nonce (nonce, until) VALUES (?, ?)`

	sqlReadDevice  = `SELECT id, citizen, key, name, added FROM device WHERE id = ? AND removed = 0`
	sqlReadDevices = `SELECT id, citizen, key, name, added FROM device INDEXED BY device_citizen WHERE citizen = +? AND removed = 0 ORDER BY added`
)

// otpTries is how often a one-time password may be tried.
const otpTries = 5

// PutOTP keeps the one-time password of a number in the place of the one before.
// The error is [*gateway.LimitError] if one of the allowances is used up; then none
// is used.
func (s *Store) PutOTP(ctx context.Context, otp gateway.OTP, limits []gateway.Allowance) error {
	return s.do(ctx, func(w *writer) error {
		if err := w.use(limits); err != nil {
			return err
		}
		return w.run(qPutOTP, otp.Citizen.Reveal(), otp.MAC, ms(otp.Expires))
	})
}

// use takes one from each allowance, or none if one of them is used up.
func (w *writer) use(limits []gateway.Allowance) error {
	used := make([]int64, len(limits))
	until := make([]int64, len(limits))
	for i, l := range limits {
		v, err := w.first(qAllowance, l.Name)
		if err != nil {
			return fmt.Errorf("read allowance: %w", err)
		}
		if until[i] = w.now + l.Window.Milliseconds(); v != nil && number(v[1]) > w.now {
			used[i], until[i] = number(v[0]), number(v[1])
		}
		if used[i] >= int64(l.Most) {
			return refusal{&gateway.LimitError{Until: instant(until[i])}}
		}
	}
	for i, l := range limits {
		if err := w.run(qUse, l.Name, used[i]+1, until[i]); err != nil {
			return fmt.Errorf("use allowance: %w", err)
		}
	}
	return nil
}

// Bind adds a device if mac is that of its citizen's one-time password, which
// counts once. If she has as many as she may, the oldest is removed: who holds
// none of their keys any more could not remove one herself. The error is
// [gateway.ErrOTP].
func (s *Store) Bind(ctx context.Context, mac string, d gateway.Device, most int) (b gateway.Binding, err error) {
	err = s.do(ctx, func(w *writer) error {
		b = gateway.Binding{}
		citizen := d.Citizen.Reveal()
		v, err := w.first(qOTP, citizen)
		if err != nil {
			return fmt.Errorf("read one-time password: %w", err)
		}
		if v == nil || number(v[1]) >= otpTries || number(v[2]) <= w.now {
			return refusal{gateway.ErrOTP}
		}
		if subtle.ConstantTimeCompare([]byte(text(v[0])), []byte(mac)) != 1 {
			b.Left = otpTries - 1 - int(number(v[1]))
			return w.run(qTryOTP, citizen)
		}
		if b.Replaced, err = w.makeRoom(d, most); err != nil {
			return err
		}
		b.Bound = true
		return errors.Join(w.run(qDropOTP, citizen), w.run(qPutDevice, d.ID, citizen, d.Key, d.Name.Reveal(), w.now))
	})
	if err != nil {
		return gateway.Binding{}, err
	}
	return b, nil
}

// makeRoom removes the oldest of a citizen's devices if she has as many beside d as
// she may, and says which.
func (w *writer) makeRoom(d gateway.Device, most int) (removed string, err error) {
	citizen := d.Citizen.Reveal()
	v, err := w.first(qOldest, citizen, d.ID, int64(most-1))
	if err != nil || v == nil {
		return "", err
	}
	removed = text(v[0])
	return removed, w.run(qDropDevice, w.now, removed, citizen)
}

// RemoveDevice takes a device from a citizen. The error is [gateway.ErrNotFound]
// if she has no such device.
func (s *Store) RemoveDevice(ctx context.Context, citizen gateway.Address, id string) error {
	return s.do(ctx, func(w *writer) error {
		_, n, err := w.exec(qDropDevice, w.now, id, citizen.Reveal())
		if err == nil && n == 0 {
			return refusal{gateway.ErrNotFound}
		}
		return err
	})
}

// Device is the device with an identifier; the error is [gateway.ErrNotFound] if
// there is none, or none any more.
func (s *Store) Device(ctx context.Context, id string) (d gateway.Device, err error) {
	err = s.read(ctx, func(c *conn) error {
		v, err := c.first(rDevice, id)
		if err == nil && v == nil {
			return gateway.ErrNotFound
		}
		if err == nil {
			d = deviceOf(v)
		}
		return err
	})
	return d, err
}

// Devices are a citizen's, the oldest first.
func (s *Store) Devices(ctx context.Context, citizen gateway.Address) (all []gateway.Device, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(rDevices, func(v []value) error {
			all = append(all, deviceOf(v))
			return nil
		}, citizen.Reveal())
	})
	return all, err
}

func deviceOf(v []value) gateway.Device {
	return gateway.Device{
		ID: text(v[0]), Citizen: gateway.Address(text(v[1])), Key: append([]byte(nil), octets(v[2])...),
		Name: gateway.Private(text(v[3])), Added: instant(number(v[4])),
	}
}

// TakeNonce takes a nonce, which is remembered until the given time. The error is
// [gateway.ErrSeen] if it was taken before.
func (s *Store) TakeNonce(ctx context.Context, nonce string, until time.Time) error {
	return s.do(ctx, func(w *writer) error {
		err := w.run(qTakeNonce, nonce, ms(until))
		if isTaken(err) {
			return refusal{gateway.ErrSeen}
		}
		return err
	})
}
