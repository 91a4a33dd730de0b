//! `exns`: one for every exchange message.

use crate::facts::{Cause, CellValue};
use crate::keri::pool::PooledExchange;

use super::super::Collector;
use super::row::{Row, keys_of, number};

impl<'s, 'a> Collector<'s, 'a> {
    pub(super) fn exchanges(&mut self, exchanges: &[PooledExchange]) {
        for exchange in exchanges {
            let (file, span) = self.place(exchange.spot);
            let Some(row) = self.row("exn", file, span) else { return };
            self.exchange(row, exchange);
            self.signed_by(row, exchange);
        }
    }

    fn exchange(&mut self, row: Row, exchange: &PooledExchange) {
        let (path, listed_path) = self.paths(row.file);
        self.set(row, "said", |this| this.said(Some(&exchange.said)));
        self.set(row, "path", |_| CellValue::Text(path));
        self.set(row, "listed_path", |_| CellValue::Text(listed_path));
        self.set(row, "route", |this| this.text(&exchange.route));
        self.set(row, "sender", |this| this.aid(Some(&exchange.sender)));
        self.set(row, "recipient", |this| this.aid(exchange.recipient.as_deref()));
        self.set(row, "dated", |_| Self::instant(Some(&exchange.dated)));
        self.set(row, "prior", |this| this.said(exchange.prior.as_deref()));
        self.set(row, "words", |this| this.texts(exchange.words.iter().map(String::as_str), row.span));
        self.set(row, "words_text", |this| {
            let text = exchange.words.join(" ");
            this.maybe_text(Some(text.as_str()).filter(|text| !text.is_empty()))
        });
        self.set(row, "schema", |this| this.said(exchange.schema.as_deref()));
        self.set(row, "lei", |this| this.lei(exchange.lei.as_deref()));
        self.set(row, "legal_name", |this| this.maybe_text(exchange.legal_name.as_deref()));
        self.set(row, "carried", |this| this.texts(exchange.carried.iter().map(String::as_str), row.span));
    }

    fn signed_by(&mut self, row: Row, exchange: &PooledExchange) {
        let superseded = exchange.superseded();
        self.set(row, "signers", |this| match superseded {
            true => CellValue::Unknown(Cause::Unproven),
            false => this.texts(exchange.signers(), row.span),
        });
        self.set(row, "signed_fully", |_| match (exchange.signed_fully(), superseded) {
            (true, true) => CellValue::Unknown(Cause::Unproven),
            (fully, _) => CellValue::Bool(fully),
        });
        let signed = exchange.signed.as_ref();
        let no_one = std::collections::BTreeSet::new();
        let indices = signed.map_or(&no_one, |signed| &signed.indices);
        self.set(row, "signer_indices", |this| this.indices(indices, row.span));
        let keys = signed.map(|signed| signed.keys.as_slice()).unwrap_or_default();
        self.set(row, "signer_keys", |this| this.texts(keys_of(keys, indices), row.span));
        if let Some(signed) = signed {
            self.set(row, "key_sn", |_| number(signed.established.0));
            self.set(row, "key_said", |this| this.said(Some(&signed.established.1)));
            self.set(row, "key_keys", |this| this.texts(keys.iter().map(String::as_str), row.span));
            self.set(row, "key_threshold", |this| this.threshold(Some(&signed.threshold)));
            self.set(row, "superseded", |_| CellValue::Bool(signed.superseded));
        }
    }
}
