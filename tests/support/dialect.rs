//! The SQL that Polars, DuckDB, DataFusion and Sail all run, and take for the same: its rules, and what breaks them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Distinct, Expr, Function, GroupByExpr, JoinConstraint, JoinOperator, Query, Select,
    SelectItem, TableFactor, Value, Visit, Visitor, WindowType, visit_expressions,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

/// What a query may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// `VARCHAR` needs a length in Spark and is no type in Sail; `STRING` is one everywhere.
    TypesThatAllKnow,
    /// `QUANTILE_CONT` is unknown to Sail and Spark; of `DATE_TRUNC` or `MEDIAN` no two give the same type.
    FunctionsThatAllKnow,
    /// `AT TIME ZONE`, `ILIKE`, arrays, subqueries in an expression: known here and not there.
    ExpressionsThatAllKnow,
    /// `GROUPING SETS`, `QUALIFY`, recursive queries, `USING`: known here and not there.
    ClausesThatAllKnow,
    /// Sail reads « qu''il » as « quil » and says nothing.
    NoApostropheInAText,
    /// Polars multiplies by the reciprocal, and the last bit is another. In `FLOOR(… / n + 0.5)` it is seen nowhere.
    NoDivisionByALiteral,
    /// An error to Sail and Spark, infinite or absent elsewhere.
    NoDivisionByWhatMayBeZero,
    /// `0.0` alone is a decimal to Sail, Spark and DuckDB, and a double to Polars.
    DecimalsAreDoubles,
    /// What `FLOOR` gives is a whole number to Sail and Spark, and a double elsewhere.
    WhatIsFlooredIsCast,
    /// What an engine adds is of its own width.
    SumsSayTheirType,
    /// Frames differ in what they are by default, and `FILTER` is not everywhere to be had with them.
    WindowsAreBare,
    /// A table in the order of services is made of some services at a time.
    WindowsOfAService,
}

impl Rule {
    pub const ALL: [Self; 12] = [
        Self::TypesThatAllKnow,
        Self::FunctionsThatAllKnow,
        Self::ExpressionsThatAllKnow,
        Self::ClausesThatAllKnow,
        Self::NoApostropheInAText,
        Self::NoDivisionByALiteral,
        Self::NoDivisionByWhatMayBeZero,
        Self::DecimalsAreDoubles,
        Self::WhatIsFlooredIsCast,
        Self::SumsSayTheirType,
        Self::WindowsAreBare,
        Self::WindowsOfAService,
    ];
}

const FUNCTIONS: [&str; 12] =
    ["abs", "coalesce", "count", "lag", "lead", "max", "min", "nullif", "replace", "row_number", "sqrt", "sum"];
const SERVICE: [&str; 2] = ["guichet_id", "demarche_id"];

/// What in a query breaks a rule, with the rule, in the order in which it stands there.
pub fn faults(sql: &str, of_a_service: bool) -> Vec<(Rule, String)> {
    let statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let mut names = Names::default();
    let _ = statements.visit(&mut names);
    let mut lint = Lint { of_a_service, names: names.0, allowed: BTreeSet::new(), faults: Vec::new() };
    let _ = statements.visit(&mut lint);
    lint.faults
}

/// What each name stands for that the query gives to an expression.
#[derive(Default)]
struct Names(BTreeMap<String, Vec<Expr>>);

impl Visitor for Names {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item {
                self.0.entry(alias.value.clone()).or_default().push(expr.clone());
            }
        }
        ControlFlow::Continue(())
    }
}

struct Lint {
    of_a_service: bool,
    names: BTreeMap<String, Vec<Expr>>,
    /// Expressions that stand where they may, by their place in memory: what is around them was seen first.
    allowed: BTreeSet<*const Expr>,
    faults: Vec<(Rule, String)>,
}

impl Visitor for Lint {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if query.with.as_ref().is_some_and(|with| with.recursive)
            || query.limit_clause.is_some()
            || query.fetch.is_some()
        {
            self.fault(Rule::ClausesThatAllKnow, query);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let plain_groups = matches!(&select.group_by, GroupByExpr::Expressions(_, more) if more.is_empty());
        let on = |operator: &JoinOperator| match operator {
            JoinOperator::Inner(how) | JoinOperator::Left(how) => matches!(how, JoinConstraint::On(_)),
            JoinOperator::CrossJoin(how) => matches!(how, JoinConstraint::None),
            _ => false,
        };
        let joins = || select.from.iter().flat_map(|from| &from.joins);
        let relations = select.from.iter().map(|from| &from.relation).chain(joins().map(|join| &join.relation));
        let named = |relation: &TableFactor| matches!(relation, TableFactor::Table { args: None, .. });
        let plain = plain_groups
            && select.from.len() < 2
            && joins().all(|join| on(&join.join_operator))
            && relations.into_iter().all(named)
            && select.qualify.is_none()
            && select.top.is_none()
            && select.named_window.is_empty()
            && select.lateral_views.is_empty()
            && matches!(select.distinct, None | Some(Distinct::Distinct));
        if !plain {
            self.fault(Rule::ClausesThatAllKnow, select);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Cast { expr: inner, data_type, .. } => self.cast(expr, inner, data_type),
            Expr::BinaryOp { left, op, right } => self.operation(expr, left, op, right),
            Expr::Floor { expr: inner, .. } | Expr::Ceil { expr: inner, .. } => self.floor(expr, inner),
            Expr::Function(function) => self.function(expr, function),
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) if text.contains('\'') => self.fault(Rule::NoApostropheInAText, expr),
                Value::Number(number, _) if number.contains('.') && !self.is_allowed(expr) => {
                    self.fault(Rule::DecimalsAreDoubles, expr);
                }
                _ => {}
            },
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Nested(_)
            | Expr::UnaryOp { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::InList { .. }
            | Expr::Between { .. }
            | Expr::Case { .. }
            | Expr::Extract { .. }
            | Expr::Substring { shorthand: true, .. }
            | Expr::Interval(_)
            | Expr::Like { any: false, escape_char: None, .. } => {}
            _ => self.fault(Rule::ExpressionsThatAllKnow, expr),
        }
        ControlFlow::Continue(())
    }
}

impl Lint {
    fn fault(&mut self, rule: Rule, what: &impl ToString) {
        self.faults.push((rule, what.to_string()));
    }

    fn allow(&mut self, expr: &Expr) {
        self.allowed.insert(std::ptr::from_ref(expr));
    }

    fn allow_number(&mut self, expr: &Expr) {
        match expr {
            Expr::UnaryOp { expr: inner, .. } | Expr::Nested(inner) => self.allow_number(inner),
            Expr::Value(_) => self.allow(expr),
            _ => {}
        }
    }

    fn is_allowed(&self, expr: &Expr) -> bool {
        self.allowed.contains(&std::ptr::from_ref(expr))
    }

    fn cast(&mut self, expr: &Expr, inner: &Expr, kind: &DataType) {
        let known = ["BIGINT", "BOOLEAN", "DATE", "DOUBLE", "INTEGER", "STRING", "TIMESTAMP"];
        if !known.contains(&kind.to_string().as_str()) {
            self.fault(Rule::TypesThatAllKnow, expr);
        }
        let floored = matches!(inner, Expr::Floor { .. } | Expr::Ceil { .. });
        if floored {
            self.allow(inner);
        } else if kind.to_string() == "DOUBLE" {
            self.allow_number(inner);
        }
    }

    fn operation(&mut self, expr: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr) {
        // Beside a double a decimal is one; beside another decimal it is none.
        for (side, other) in [(left, right), (right, left)] {
            if names_a_column(other) {
                self.allow_number(side);
            }
        }
        if *op != BinaryOperator::Divide {
            return;
        }
        if !names_a_column(right) && !self.is_allowed(expr) {
            self.fault(Rule::NoDivisionByALiteral, expr);
        }
        if !self.is_never_zero(right, 0) {
            self.fault(Rule::NoDivisionByWhatMayBeZero, expr);
        }
    }

    fn floor(&mut self, expr: &Expr, inner: &Expr) {
        if !self.is_allowed(expr) {
            self.fault(Rule::WhatIsFlooredIsCast, expr);
        }
        if let Expr::BinaryOp { left, op: BinaryOperator::Plus, right } = inner
            && right.to_string() == "0.5"
        {
            self.allow(left);
        }
    }

    fn function(&mut self, expr: &Expr, function: &Function) {
        let name = function.name.to_string().to_lowercase();
        if !FUNCTIONS.contains(&name.as_str()) || !function.within_group.is_empty() {
            self.fault(Rule::FunctionsThatAllKnow, expr);
        }
        let said = function.args.to_string();
        if name == "sum"
            && !(said.starts_with("(CAST(") && (said.ends_with("AS BIGINT))") || said.ends_with("AS DOUBLE))")))
        {
            self.fault(Rule::SumsSayTheirType, expr);
        }
        let Some(over) = &function.over else { return };
        let WindowType::WindowSpec(window) = over else { return self.fault(Rule::WindowsAreBare, expr) };
        if window.window_frame.is_some() || window.window_name.is_some() || function.filter.is_some() {
            self.fault(Rule::WindowsAreBare, expr);
        }
        let by: Vec<&str> = window.partition_by.iter().filter_map(column).collect();
        if self.of_a_service && !SERVICE.iter().all(|name| by.contains(name)) {
            self.fault(Rule::WindowsOfAService, expr);
        }
    }

    /// Whether a divisor is absent where it would be 0; a name, where that is so of all that the query gives it to.
    fn is_never_zero(&self, expr: &Expr, depth: usize) -> bool {
        let never = |expr: &Expr| self.is_never_zero(expr, depth);
        match expr {
            Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => never(inner),
            Expr::Value(_) => positive(expr),
            Expr::Function(function) => function.name.to_string().eq_ignore_ascii_case("nullif"),
            Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => never(left) && never(right),
            // 1 + z² / n.
            Expr::BinaryOp { left, op: BinaryOperator::Plus, .. } => positive(left),
            _ => column(expr)
                .and_then(|name| self.names.get(name))
                .is_some_and(|meant| depth < 8 && meant.iter().all(|expr| self.is_never_zero(expr, depth + 1))),
        }
    }
}

fn positive(expr: &Expr) -> bool {
    expr.to_string().parse::<f64>().is_ok_and(|number| number > 0.0)
}

/// The column that an expression is, whatever table it is of.
fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Identifier(name) => Some(&name.value),
        Expr::CompoundIdentifier(path) => path.last().map(|name| name.value.as_str()),
        _ => None,
    }
}

fn names_a_column(expr: &Expr) -> bool {
    visit_expressions(
        expr,
        |part| if column(part).is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
    )
    .is_break()
}
