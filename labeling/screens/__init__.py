"""The Streamlit views, one module each."""
