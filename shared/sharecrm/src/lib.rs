//! 纷享销客 (ShareCRM): the ERP external data push.
